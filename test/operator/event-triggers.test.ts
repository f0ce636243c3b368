/** Event triggers as manifests say them: what is compiled, what is wanted of NATS, what the status and Events tell. */
import { describe, expect, test } from 'vitest';
import { eventBounds, ingressShardOf } from '../../contract/index.ts';
import { compileIngressShard } from '../../operator/compile/index.ts';
import { eventsController, wantedTriggers } from '../../operator/events/controller.ts';
import { tellDeadEvent } from '../../operator/events/dead-event.ts';
import type { TaskAgent } from '../../operator/kind.ts';
import type { EventRecorder, KubeObject } from '../../operator/runtime/index.ts';
import { triggerFinding, type TriggerState } from '../../operator/taskagent/trigger-status.ts';
import { TestWorld } from './compiled-world.ts';

const taskAgent = (name: string, triggers: object[], more: object = {}): KubeObject =>
  ({
    apiVersion: 'clrk.apoxy.dev/v1alpha1',
    kind: 'TaskAgent',
    metadata: { namespace: 'default', name, uid: `u-${name}` },
    spec: { template: { spec: { image: 'r.example/a:1' } }, workerPoolRef: 'p', triggers, ...more },
  }) as KubeObject;
const on = (subject: string, more: object = {}): object => ({ type: 'Event', subject, ...more });

describe('triggers of agents', () => {
  const { world } = new TestWorld([
    taskAgent('a', [on('orders.*'), on('orders.*', { maxDeliver: 9 }), on('mail.>', { maxDeliver: 2 })]),
    taskAgent('b', [on('mail.>')], { maxConcurrent: 3 }),
    taskAgent('c', []),
  ]);

  test('go to the ingress, one for each subject', () => {
    const { document } = compileIngressShard(world, ingressShardOf('default'));
    expect(document.agents.map(({ name, triggers }) => [name, triggers])).toEqual([
      [
        'a',
        [
          { subject: 'orders.*', maxDeliver: 5 },
          { subject: 'mail.>', maxDeliver: 2 },
        ],
      ],
      ['b', [{ subject: 'mail.>', maxDeliver: 5 }]],
      ['c', undefined],
    ]);
  });

  test('are what NATS is asked for', () => {
    expect(wantedTriggers(world, 'default')).toEqual([
      { uid: 'u-a', subject: 'orders.*', maxConcurrent: 0 },
      { uid: 'u-a', subject: 'mail.>', maxConcurrent: 0 },
      { uid: 'u-b', subject: 'mail.>', maxConcurrent: 3 },
    ]);
    expect(wantedTriggers(world, 'other')).toEqual([]);
  });

  test('that come and go are looked at; agents that never had one are not', () => {
    const keysOf = eventsController.watches[0]?.keysOf;
    const [none, some] = [taskAgent('x', []), taskAgent('x', [on('a')])];
    expect(keysOf?.(world, { before: none, after: none })).toEqual([]);
    expect(keysOf?.(world, { before: none, after: some })).toEqual(['default']);
    expect(keysOf?.(world, { before: some, after: undefined })).toEqual(['default']);
  });

  test('that were given up are told on their agent, and on nobody else', () => {
    const notes: string[] = [];
    const events = {
      record: (_kind: object, object: KubeObject, { note }: { note: string }) =>
        notes.push(`${object.metadata?.name}: ${note}`),
    };
    const dead = { subject: 'orders.new', reason: 'X', failures: '5', deliveries: '7', invocation: 'i' };
    for (const agent of ['a', 'gone']) {
      tellDeadEvent(world, events as unknown as EventRecorder, { namespace: 'default', agent, ...dead });
    }
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(
      'a: an event on orders.new failed 5 times, the last time with X (invocation i)',
    );
    const waited = { ...dead, reason: 'NOT_STARTED NO_READY_WORKER', failures: '0' };
    tellDeadEvent(world, events as unknown as EventRecorder, { namespace: 'default', agent: 'a', ...waited });
    expect(notes[1]).toContain('could not be started for 20 h (NO_READY_WORKER), after 0 failures');
  });
});

describe('a namespace with more triggers than it may have', () => {
  const many = (count: number, namespace: string, day: string): KubeObject[] =>
    Array.from({ length: count }, (_, index) => {
      const one = taskAgent(`a${String(index).padStart(3, '0')}`, [on('x'), on('y'), on('z'), on('w')]);
      const creationTimestamp = `2026-01-${day}T00:00:00Z`;
      return {
        ...one,
        metadata: { ...one.metadata, namespace, creationTimestamp, uid: `${namespace}${index}` },
      };
    });
  const late = taskAgent('late', [on('x')]);
  const old = { ...late, metadata: { ...late.metadata, creationTimestamp: '2026-02-01T00:00:00Z' } };
  const other = taskAgent('other', [on('x')]);
  const { world } = new TestWorld([
    ...many(80, 'default', '02'),
    old,
    { ...other, metadata: { ...other.metadata, namespace: 'cellar' } },
  ]);

  test('is heard as far as its share goes, its oldest agents first; other namespaces are as ever', () => {
    const heard = wantedTriggers(world, 'default');
    expect(heard).toHaveLength(eventBounds.namespaceTriggers);
    expect(heard.some(({ uid }) => uid === 'u-late')).toBe(false);
    expect(wantedTriggers(world, 'cellar')).toHaveLength(1);
  });

  test('is so for the ingress as well: what nobody hears is not taken', () => {
    const { document } = compileIngressShard(world, ingressShardOf('default'));
    const triggers = document.agents
      .filter(({ namespace }) => namespace === 'default')
      .map((each) => each.triggers?.length ?? 0);
    expect(triggers.reduce((sum, each) => sum + each, 0)).toBe(eventBounds.namespaceTriggers);
    expect(document.agents.find(({ name }) => name === 'late')?.triggers).toBeUndefined();
  });
});

test.each<[string, object[], TriggerState, string | undefined]>([
  ['no triggers', [], { heard: () => false, isFull: false, hasIngress: true }, undefined],
  ['all heard', [on('a'), on('b')], { heard: () => true, isFull: true, hasIngress: true }, 'TriggersHeard'],
  [
    'one not yet',
    [on('a'), on('b')],
    { heard: (subject) => subject === 'a', isFull: false, hasIngress: true },
    'StreamNotReady',
  ],
  [
    'one too many',
    [on('a'), on('b')],
    { heard: (subject) => subject === 'a', isFull: true, hasIngress: true },
    'TooManyTriggers',
  ],
  ['no ingress', [on('a')], { heard: () => true, isFull: false, hasIngress: false }, 'IngressNotReady'],
])('the condition Triggered: %s', (_name, triggers, state, reason) => {
  const finding = triggerFinding(taskAgent('a', triggers) as unknown as TaskAgent, state);
  expect(finding?.reason).toBe(reason);
});

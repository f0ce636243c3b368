/** Event triggers as manifests say them: what is compiled, what is wanted of NATS, what the status and Events tell. */
import { describe, expect, test } from 'vitest';
import { ingressShardOf } from '../../contract/index.ts';
import { compileIngressShard } from '../../operator/compile/index.ts';
import { eventsController, wantedTriggers } from '../../operator/events/controller.ts';
import { tellDeadEvent } from '../../operator/events/dead-event.ts';
import type { TaskAgent } from '../../operator/kind.ts';
import type { EventRecorder, KubeObject } from '../../operator/runtime/index.ts';
import { triggerFinding } from '../../operator/taskagent/trigger-status.ts';
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
    const dead = { subject: 'orders.new', reason: 'X', deliveries: '5', invocation: 'i' };
    for (const agent of ['a', 'gone']) {
      tellDeadEvent(world, events as unknown as EventRecorder, { namespace: 'default', agent, ...dead });
    }
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(
      'a: an event on orders.new failed 5 times, the last time with X (invocation i)',
    );
  });
});

test.each<[string, object[], (subject: string) => boolean, boolean, string | undefined]>([
  ['no triggers', [], () => false, true, undefined],
  ['all heard', [on('a'), on('b')], () => true, true, 'TriggersHeard'],
  ['one not yet', [on('a'), on('b')], (subject) => subject === 'a', true, 'StreamNotReady'],
  ['no ingress', [on('a')], () => true, false, 'IngressNotReady'],
])('the condition Triggered: %s', (_name, triggers, heard, hasIngress, reason) => {
  const finding = triggerFinding(taskAgent('a', triggers) as unknown as TaskAgent, heard, hasIngress);
  expect(finding?.reason).toBe(reason);
});

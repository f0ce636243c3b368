/** One object and what belongs to it; and the events of all. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { kinds } from '../../../api/index.ts';
import { referencesOf } from '../../../cli/describe/reference.ts';
import { discovery, json, StandInServer, status } from '../stand-in-server.ts';

const server = new StandInServer();
const root = '/apis/clrk.apoxy.dev/v1alpha1';
const team = `${root}/namespaces/team`;
const events = 'GET /apis/events.k8s.io/v1/namespaces/team/events';
const list = (...items: readonly object[]) => json({ kind: 'List', metadata: {}, items });

const hello = {
  apiVersion: 'clrk.apoxy.dev/v1alpha1',
  kind: 'TaskAgent',
  metadata: { name: 'hello', namespace: 'team', creationTimestamp: '2026-11-23T10:00:00Z' },
  spec: {
    workerPoolRef: 'main',
    egressRefs: [{ gatewayRef: 'out' }],
    template: {
      spec: { image: 'x:1', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] },
    },
  },
  status: {
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'NoPool',
        message: 'there is no pool\u001b[2J',
        lastTransitionTime: '2026-11-23T10:00:30Z',
      },
    ],
  },
};
const event = (name: string, more: object) => ({
  metadata: { name: `${name}.1`, namespace: 'team', creationTimestamp: '2026-11-23T10:00:00Z' },
  regarding: { apiVersion: 'clrk.apoxy.dev/v1alpha1', kind: 'TaskAgent', name },
  ...{ type: 'Warning', reason: 'NoPool', note: 'it waits', eventTime: '2026-11-23T10:00:40.000000Z' },
  ...more,
});
const pod = { ...event('x', {}), regarding: { apiVersion: 'v1', kind: 'Pod', name: 'x' } };

beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  server.on(`GET ${root}`, json(discovery));
  server.on(`GET ${team}/taskagents/hello`, json(hello));
  server.on(
    `GET ${team}/workerpools/main`,
    json({ ...hello, kind: 'WorkerPool', metadata: { name: 'main' }, spec: {}, status: {} }),
  );
  server.on(`GET ${team}/taskagents`, list(hello));
  server.on(`GET ${team}/workerpools`, list());
  const told = event('hello', { series: { count: 3, lastObservedTime: '2026-11-23T10:00:50Z' } });
  server.on(events, list(pod, told, event('other', { type: 'Normal', reason: 'RevisionReady' })));
});

describe('clrk describe', () => {
  test('says how it stands, what it names and what was said of it', async () => {
    const { code, stdout, stderr } = await server.run(['describe', 'ta', 'hello'], { terminal: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' ').trim())).toEqual([
      ...['Name: hello', 'Namespace: team', 'Kind: TaskAgent', 'Age: 60s'],
      ...['Conditions:', 'TYPE STATUS REASON SINCE MESSAGE', 'Ready False NoPool 30s there is no pool?[2J'],
      ...[
        'Refers to:',
        'KIND NAME IN',
        'WorkerPool main workerPoolRef',
        'EgressGateway out egressRefs.gatewayRef',
      ],
      'ConfigMap c template.spec.env.valueFrom.configMapKeyRef',
      'Referred to by: <none>',
      ...['Events:', 'LAST-SEEN TYPE REASON MESSAGE', '10s (x3) Warning NoPool it waits'],
      ...[
        'Spec:',
        'workerPoolRef: main',
        'egressRefs:',
        '- gatewayRef: out',
        'template:',
        'spec:',
        'image: x:1',
      ],
      ...['env:', '- name: A', 'valueFrom:', 'configMapKeyRef:', 'name: c', 'key: k', ''],
    ]);
  });

  test('says what names it, and what may not be read', async () => {
    server.on(events, status(403, 'events is forbidden'));
    server.on(`GET ${team}/workerpools`, status(500, 'etcd is away'));
    const { code, stdout, stderr } = await server.run(['describe', 'wp/main']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Referred to by:\n {2}KIND +NAME +IN\n {2}TaskAgent +hello +workerPoolRef\n/);
    expect(stderr).toMatch(/^(?=[^]*events: events is forbidden)(?=[^]*workerpools: etcd is away)/);
  });

  test('-o yaml is the object; what is not there ends with 3', async () => {
    expect((await server.run(['describe', 'ta', 'hello', '-o', 'yaml'])).stdout).toContain('kind: TaskAgent');
    expect((await server.run(['describe', 'ta', 'nobody'])).code).toBe(3);
    expect((await server.run(['describe', 'colour', 'red'])).code).toBe(3);
    for (const words of [
      ['describe', 'ta'],
      ['describe', 'ta,wp', 'x'],
      ['describe', 'ta', 'x', '-o', 'wide'],
      ...['ta/', 'ta/.', 'ta/..', 'ta/a/b', 'ta/a%2fb'].map((word) => ['describe', word]),
      ['describe', 'ta', ''],
    ])
      expect((await server.run(words)).code).toBe(2);
  });

  test('references are found by the shape of our kinds, however deep', () => {
    const deep = Array.from({ length: 100 }).reduce((inner: object) => ({ a: inner }), {
      secretRef: { name: 's' },
    });
    expect(referencesOf(deep)).toEqual([]);
    expect(
      referencesOf({
        targetRefs: [{ kind: 'MCPRoute', name: 'm' }, { name: 'nameless' }, null, 5],
        rules: [
          {
            filters: [{ rateLimitRef: { kind: 'RateLimitPolicy', name: 'r' } }],
            backendRefs: [{ name: 'b' }],
          },
        ],
      }),
    ).toEqual([
      { kind: 'MCPRoute', name: 'm', where: 'targetRefs' },
      { kind: 'RateLimitPolicy', name: 'r', where: 'rules.filters.rateLimitRef' },
      { kind: 'Backend', name: 'b', where: 'rules.backendRefs' },
    ]);
  });
});

/** Every member of a spec that names an object, written with no more than it must say. */
function leastReferences(schema: Readonly<Record<string, unknown>>, path: string): Array<[string, object]> {
  const { properties, items } = schema as {
    readonly properties?: Readonly<Record<string, Record<string, unknown>>>;
    readonly items?: Record<string, unknown>;
  };
  const inner = Object.entries(properties ?? {}).flatMap(([member, each]) => {
    const one = (each['items'] ?? each) as { type?: string; properties?: object; required?: string[] };
    const isNamed = one.type === 'string' || Object.hasOwn(one.properties ?? {}, 'name');
    const least = one.required?.includes('kind') === true ? { kind: 'K', name: 'x' } : { name: 'x' };
    const value = one.type === 'string' ? 'x' : least;
    const own: Array<[string, object]> =
      /Refs?$/.test(member) && isNamed ? [[`${path}.${member}`, { [member]: [value] }]] : [];
    return [...own, ...leastReferences(each, `${path}.${member}`)];
  });
  return items === undefined ? inner : [...inner, ...leastReferences(items, path)];
}

/** Names of no object. */
const notObjects = /\.(?:sinkRef|budgetRef|resourceFieldRef)$/;
const references = kinds
  .flatMap(({ kind, spec }) => leastReferences(spec as unknown as Record<string, unknown>, kind))
  .filter(([where]) => !notObjects.test(where));

describe('references of our kinds', () => {
  test('there are many', () => {
    expect(references.length).toBeGreaterThan(15);
  });

  test.each(references)('%s', (_where, spec) => {
    expect(referencesOf(spec)).toMatchObject([{ name: 'x' }]);
  });
});

describe('clrk events', () => {
  test('of our kinds, the newest last', async () => {
    const { code, stdout } = await server.run(['events']);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' '))).toEqual([
      'LAST-SEEN TYPE REASON OBJECT MESSAGE',
      '20s Normal RevisionReady taskagent/other it waits',
      '10s (x3) Warning NoPool taskagent/hello it waits',
      '',
    ]);
  });

  test('of one object, of one type, as objects', async () => {
    expect((await server.run(['events', 'ta/hello'])).stdout.split('\n')).toHaveLength(3);
    expect((await server.run(['events', 'wp'])).stderr).toBe('No events of our kinds.\n');
    expect(await server.run(['events', 'wp/main'])).toEqual({
      ...{ code: 0, stdout: '', stderr: 'No events of workerpool/main in namespace team.\n' },
    });
    expect(await server.run(['events', 'ta/helo'])).toMatchObject({ code: 3, stdout: '' });
    expect(await server.run(['events', 'ta/hello', '-A'])).toMatchObject({ code: 2 });
    const found = await server.run(['events', '--type', 'Normal', '-o', 'json']);
    expect(JSON.parse(found.stdout)).toMatchObject({ items: [{ reason: 'RevisionReady' }] });
    expect((await server.run(['events', '--type', 'Odd'])).code).toBe(2);
  });
});

/** `clrk doctor`: what is well, what is not, and what could not be seen, over real sockets. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { kinds } from '../../../api/index.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { json, StandInServer, status } from '../stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());

const own = '/apis/clrk.apoxy.dev/v1alpha1';
const workload = (name: string, ready: number): object => ({
  metadata: { name, generation: 1, labels: { 'app.kubernetes.io/version': packageJson.version } },
  spec: { replicas: 2 },
  status: { observedGeneration: 1, updatedReplicas: 2, readyReplicas: ready },
});
const condition = (type: string, is: string, reason = 'R', message = 'm'): object => ({
  ...{ type, status: is, reason, message },
});
const object = (name: string, ...conditions: readonly object[]): object => ({
  metadata: { name, namespace: 'team' },
  status: { conditions },
});

beforeEach(() => {
  server.reset();
  server.on('GET /api/v1/namespaces/clrk-system/services/clrk-telemetry', json({ metadata: { name: 'x' } }));
  server.on(`GET ${own}`, json({ resources: kinds.map(({ kind }) => ({ kind })) }));
  const apps = '/apis/apps/v1/namespaces/clrk-system';
  server.on(`GET ${apps}/deployments`, json({ items: [workload('clrk-operator', 2)] }));
  server.on(`GET ${apps}/statefulsets`, json({ items: [workload('clrk-nats', 2)] }));
  const service = '/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.telemetry.clrk.apoxy.dev';
  server.on(`GET ${service}`, json(object('x', condition('Available', 'True'))));
  for (const { plural } of kinds) server.on(`GET ${own}/namespaces/team/${plural}`, json({ items: [] }));
});

const agents = `GET ${own}/namespaces/team/taskagents`;

test('all is well', async () => {
  server.on(agents, json({ items: [object('a', condition('Ready', 'True'))] }));
  const { code, stdout } = await server.run(['doctor']);
  expect(code).toBe(0);
  expect(stdout).not.toMatch(/FAILED|warning|unknown/);
  expect(stdout).toContain('platform: statefulset/clrk-nats is available');
  expect(stdout).toContain('objects: 1 of 1 are well');
});

test.each<[string, () => void, string]>([
  [
    'a kind is missing',
    () => server.on(`GET ${own}`, json({ resources: [{ kind: 'TaskAgent' }] })),
    'FAILED  kinds:',
  ],
  ['no kind is there', () => server.on(`GET ${own}`, status(404, 'no')), 'FAILED  kinds:'],
  [
    'pods are missing',
    () =>
      server.on(
        'GET /apis/apps/v1/namespaces/clrk-system/deployments',
        json({ items: [workload('clrk-operator', 1)] }),
      ),
    'FAILED  platform: deployment/clrk-operator: 1 of 2 pods ready',
  ],
  [
    'an agent is not ready',
    () => server.on(agents, json({ items: [object('a', condition('Ready', 'False', 'NoWorkers', 'none'))] })),
    'FAILED  objects: TaskAgent team/a: NoWorkers: none',
  ],
])('%s: it is said, with what to do, and ends with 1', async (_, change, said) => {
  change();
  const { code, stdout, stderr } = await server.run(['doctor']);
  expect([code, stdout]).toEqual([1, expect.stringContaining(said)]);
  expect(stderr).toContain('UNHEALTHY');
});

test('what may not be read is unknown, not well, and ends with 3', async () => {
  server.on(agents, status(403, 'taskagents is forbidden'));
  const { code, stdout, stderr } = await server.run(['doctor']);
  expect(code).toBe(3);
  expect(stdout).toContain('unknown objects: could not be seen: TaskAgent: taskagents is forbidden');
  expect(stderr).toContain('UNDECIDED');
});

test('a list that the server cut is not all there is', async () => {
  const items = [object('a', condition('Ready', 'True'))];
  server.on(agents, json({ items, metadata: { continue: 'more' } }));
  const { code, stdout } = await server.run(['doctor']);
  expect([code, stdout]).toEqual([3, expect.stringContaining('TaskAgent beyond the first 1')]);
});

test('what is accepted and not carried out is a warning, and so is what nobody has looked at', async () => {
  const partly = object('a', condition('Ready', 'True'), condition('Enforced', 'False', 'NotEnforced', 'x'));
  server.on(agents, json({ items: [partly, object('b')] }));
  const { code, stdout } = await server.run(['doctor']);
  expect(code).toBe(0);
  expect(stdout).toContain('warning objects: TaskAgent team/a: NotEnforced: x');
  expect(stdout).toContain('warning objects: TaskAgent team/b: the operator has said nothing yet');
  expect(stdout).toContain('objects: 0 of 2 are well');
});

test('of many in trouble the first are shown and the rest is counted; words of others do not act on a terminal', async () => {
  const items = Array.from({ length: 30 }, (_, index) =>
    object(`a${index}`, condition('Ready', 'False', 'R', '\u001B[2Jx')),
  );
  server.on(agents, json({ items }));
  const { stdout } = await server.run(['doctor'], { terminal: true });
  expect(stdout.match(/FAILED {2}objects/g)).toHaveLength(20);
  expect(stdout).toContain('and 10 more');
  expect(stdout).not.toContain('\u001B');
});

test('-o json is the same for programs', async () => {
  const { stdout } = await server.run(['doctor', '-o', 'json']);
  const checks = (JSON.parse(stdout) as ReadonlyArray<{ check: string; level: string }>).map(
    ({ check, level }) => `${check} ${level}`,
  );
  expect(new Set(checks)).toEqual(
    new Set(['kinds ok', 'platform ok', 'version ok', 'records ok', 'objects ok']),
  );
});

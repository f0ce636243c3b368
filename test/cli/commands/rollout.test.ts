/** Revisions of an agent: which there are, whether the newest serves, and back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json, StandInServer } from '../stand-in-server.ts';

const server = new StandInServer();
const team = '/apis/clrk.apoxy.dev/v1alpha1/namespaces/team';
const list = (...items: readonly object[]) => json({ kind: 'List', metadata: {}, items });

const agent = (created: string, serving: string, ready = 'True', seen = 2) => ({
  kind: 'TaskAgent',
  metadata: { name: 'hello', namespace: 'team', generation: 2, resourceVersion: '41' },
  spec: { template: { spec: { image: 'x:2' } } },
  status: {
    observedGeneration: seen,
    latestCreatedRevisionName: created,
    latestReadyRevisionName: serving,
    conditions: [{ type: 'Ready', status: ready, reason: 'ImagePull', message: 'no such image' }],
  },
});
const revision = (name: string, image: string, more: object = {}, owner = 'hello') => ({
  kind: 'AgentSandboxRevision',
  metadata: {
    name,
    namespace: 'team',
    creationTimestamp: '2026-11-23T10:00:00Z',
    ownerReferences: [{ kind: 'TaskAgent', name: owner }],
  },
  spec: { image, ...more },
  status: { readyWorkers: 1 },
});

const serve = (object: object): void => {
  server.on(`GET ${team}/taskagents`, list(object));
  server.on(`GET ${team}/taskagents/hello`, json(object));
};

beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  const revisions = [
    revision('hello-00002', 'x:2'),
    revision('other-00001', 'y:1', {}, 'other'),
    revision('hello-00001', 'x:1', { args: ['serve'] }),
  ];
  server.on(`GET ${team}/agentsandboxrevisions`, list(...revisions));
  server.on(`PATCH ${team}/taskagents/hello`, json({}));
});

describe('clrk rollout', () => {
  test('history shows what is kept of this agent', async () => {
    serve(agent('hello-00002', 'hello-00001', 'False'));
    const { code, stdout } = await server.run(['rollout', 'history', 'hello']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'REVISION      STATE    WORKERS   IMAGE   AGE',
        'hello-00001   serves   1         x:1     60s',
        'hello-00002   coming   1         x:2     60s',
        '',
      ].join('\n'),
    );
    const objects = await server.run(['rollout', 'history', 'hello', '-o', 'json']);
    expect((JSON.parse(objects.stdout) as { items: object[] }).items).toHaveLength(2);
  });

  test('status waits until the newest serves, and says for what', async () => {
    const states = [
      agent('hello-00001', 'hello-00001', 'True', 1),
      agent('hello-00002', 'hello-00001', 'False'),
      agent('hello-00002', 'hello-00002'),
    ];
    server.on(`GET ${team}/taskagents`, list(states[0] ?? {}));
    server.on(`GET ${team}/taskagents/hello`, (response, request) =>
      json(states.length > 1 ? states.shift() : states[0])(response, request),
    );
    expect(await server.run(['rollout', 'status', 'hello'])).toEqual({
      code: 0,
      stdout: 'hello: hello-00002 serves\n',
      stderr:
        'hello: the operator has not seen it yet\nhello: hello-00002 is not ready (hello-00001 serves): ImagePull: no such image\n',
    });
  });

  test('status that does not come ends with 5', async () => {
    serve(agent('hello-00002', 'hello-00001', 'False'));
    const late = await server.run(['rollout', 'status', 'hello', '--timeout', '0s']);
    expect(late.code).toBe(5);
    expect(late.stderr).toContain('clrk describe taskagents hello');
  });

  test('undo gives the agent what the revision had, and takes what it had not', async () => {
    serve(agent('hello-00002', 'hello-00001', 'False'));
    const undone = await server.run(['rollout', 'undo', 'hello']);
    expect(undone).toMatchObject({ code: 0, stderr: expect.stringContaining('Only the cluster') as string });
    expect(undone.stdout).toContain('hello-00001');
    const patch = server.received.find(({ method }) => method === 'PATCH');
    expect(patch?.headers['content-type']).toBe('application/merge-patch+json');
    expect(JSON.parse(patch?.body ?? '')).toEqual({
      metadata: { resourceVersion: '41' },
      spec: { template: { spec: { image: 'x:1', command: null, args: ['serve'], env: null } } },
    });
  });

  test('undo to what is there already, or is not kept, writes nothing', async () => {
    serve(agent('hello-00002', 'hello-00002'));
    expect((await server.run(['rollout', 'undo', 'hello', '--to-revision', 'hello-00002'])).code).toBe(0);
    const gone = await server.run(['rollout', 'undo', 'hello', '--to-revision', 'other-00001']);
    expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining('hello-00001') as string });
    expect(server.received.some(({ method }) => method === 'PATCH')).toBe(false);
    expect((await server.run(['rollout', 'undo', 'nobody'])).code).toBe(3);
  });
});

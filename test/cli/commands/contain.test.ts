/** `clrk contain`: one field of its own on the agent, and the way back. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { json, StandInServer } from '../stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
const agents = '/apis/clrk.apoxy.dev/v1alpha1/namespaces/team/taskagents';
beforeEach(() => {
  server.reset();
  server.on(`GET ${agents}`, json({ items: [{ metadata: { name: 'hello' } }] }));
});

const annotation = 'clrk.apoxy.dev/contained';
const sent = () => {
  const last = server.received.at(-1);
  const body = JSON.parse(String(last?.body)) as { spec?: unknown; metadata: { annotations: object } };
  return { query: Object.fromEntries(last?.query ?? []), body };
};

test('marks the agent under a field manager of its own, with who, when and why, and nothing else', async () => {
  server.on(`PATCH ${agents}/hello`, json({ metadata: {} }));
  const result = await server.run(['contain', 'hello', '--reason', 'leaks'], {
    environment: { USER: 'ops' },
  });
  expect(result).toMatchObject({ code: 0, stderr: 'Undo it with: clrk contain hello -n team --release\n' });
  expect(sent().query).toEqual({ fieldManager: 'clrk-contain', force: 'true' });
  expect(sent().body.spec).toBeUndefined();
  expect(sent().body.metadata.annotations).toEqual({
    [annotation]: expect.stringMatching(/^2026-\S+Z by ops: leaks$/) as unknown,
  });
});

test('--release says what is left, when git has the mark too', async () => {
  server.on(`PATCH ${agents}/hello`, json({ metadata: {} }));
  expect((await server.run(['contain', 'hello', '--release'])).code).toBe(0);
  expect(sent().body.metadata.annotations).toEqual({});
  server.on(`PATCH ${agents}/hello`, json({ metadata: { annotations: { [annotation]: 'in git' } } }));
  const result = await server.run(['contain', 'hello', '--release']);
  expect(result.code).toBe(1);
  expect(result.stderr).toContain('STILL_CONTAINED');
});

test('a name that is none is not made', async () => {
  expect((await server.run(['contain', 'helo'])).code).toBe(3);
  expect(server.received.some(({ method }) => method === 'PATCH')).toBe(false);
});

test('da/NAME is a DaemonAgent, and a name of the other kind is what was meant', async () => {
  const daemons = agents.replace('taskagents', 'daemonagents');
  server.on(`GET ${daemons}`, json({ items: [{ metadata: { name: 'watcher' } }] }));
  server.on(`GET ${daemons}/watcher`, json({ metadata: { name: 'watcher' } }));
  server.on(`PATCH ${daemons}/watcher`, json({ metadata: {} }));
  const result = await server.run(['contain', 'da/watcher']);
  expect(result.stdout).toContain('team/watcher is contained');
  expect(result.stdout).toContain('it is stopped');
  expect(sent().body).toMatchObject({ kind: 'DaemonAgent' });
  const meant = await server.run(['contain', 'watcher']);
  expect(meant).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('Did you mean da/watcher?') as unknown,
  });
});

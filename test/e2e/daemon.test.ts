/**
 * A DaemonAgent on the platform: it starts by itself, its outbound call goes through the gateway and is recorded for its run, and the
 * death of its worker is followed by exactly one run more, which the first one's record ends before.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Invocation } from '../../contract/index.ts';
import type { RunningProvider } from '../../examples/provider/index.ts';
import { signalProcess } from '../../local/process-identity.ts';
import { images, namespace } from './agents.ts';
import { DevPlatform } from './dev-platform.ts';

let platform: DevPlatform;
let provider: RunningProvider;

const callOnce = `
echo born
curl -sS -o /tmp/answer -w 'code=%{http_code}\\n' -H 'Content-Type: application/json' -H 'Authorization: Bearer placeholder' \\
  -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}' https://api.openai.com/v1/chat/completions
while true; do sleep 1; done
`;

const daemon = {
  apiVersion: 'clrk.apoxy.dev/v1alpha1',
  kind: 'DaemonAgent',
  metadata: { name: 'watcher', namespace },
  spec: {
    template: { spec: { image: images.shell, command: ['/bin/sh', '-c', callOnce] } },
    workerPoolRef: 'default',
    egressRefs: [{ gatewayRef: 'default' }],
  },
};

interface DaemonObject {
  readonly status?: { readonly phase?: string; readonly upSince?: string; readonly restartCount?: number };
}

const calls = (): number =>
  provider.received().filter(({ path }) => path.includes('/chat/completions')).length;
const runs = (): Promise<readonly Invocation[]> => platform.runsOfDaemon('watcher');

async function status(): Promise<DaemonObject['status']> {
  return (JSON.parse(await platform.must('get', 'daemonagent/watcher', '-o', 'json')) as DaemonObject).status;
}

beforeAll(async () => {
  platform = await DevPlatform.open();
  provider = await platform.provider();
}, 400_000);

afterAll(async () => {
  await platform.kubectl('delete', 'daemonagent/watcher', '--ignore-not-found');
  await provider.close();
  await platform[Symbol.asyncDispose]();
});

it('runs by itself, and its call is recorded for its run', async () => {
  const before = calls();
  await platform.apply(daemon);
  await platform.ready('daemonagent/watcher');
  expect(await status()).toMatchObject({ phase: 'Running', restartCount: 0 });
  await vi.waitFor(() => expect(calls()).toBe(before + 1), 60_000);
  await vi.waitFor(async () => {
    const [run] = await runs();
    expect(run?.spec.trigger.type).toBe('Daemon');
    expect(run?.status.phase).toBe('Running');
    const spans = await platform.spansOfDaemon('watcher', run?.metadata.name ?? '');
    expect(JSON.stringify(spans)).toContain('api.openai.com');
  }, 60_000);
}, 300_000);

it('runs again, once, after its worker was killed', async () => {
  const [first] = await runs();
  const before = calls();
  const found = Object.entries(platform.state.children).find(([key]) =>
    key.startsWith('pod/e2e/default-workers'),
  );
  if (found === undefined) throw new Error('no worker');
  expect(signalProcess(found[1], 'SIGKILL')).toBe(true);
  await vi.waitFor(async () => {
    const all = await runs();
    expect(all).toHaveLength(2);
    expect(all.find(({ metadata }) => metadata.name === first?.metadata.name)?.status).toMatchObject({
      ...{ phase: 'Failed', reason: 'WorkerLost' },
    });
  }, 120_000);
  await platform.ready('daemonagent/watcher');
  await vi.waitFor(() => expect(calls()).toBe(before + 1), 60_000);
  expect((await runs()).filter(({ status: { phase } }) => phase === 'Running')).toHaveLength(1);
  expect(await status()).toMatchObject({ phase: 'Running', restartCount: 0 });
}, 300_000);

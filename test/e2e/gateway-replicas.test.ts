/** A gateway scaled by stock kubectl: both of its pods serve, and while one of them is dead the other takes every call. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RunningProvider } from '../../examples/provider/index.ts';
import { askingScript, shellAgent } from './agents.ts';
import { DevPlatform } from './dev-platform.ts';
import { isGone, kill } from './platform-process.ts';

let platform: DevPlatform;
let provider: RunningProvider;

const gateway = 'egressgateway/default';
const pods = (): string[] =>
  Object.keys(platform.state.children).filter((key) => key.startsWith('pod/e2e/clrk-egress-default'));

async function scaleTo(replicas: number): Promise<void> {
  await platform.must('scale', gateway, `--replicas=${replicas}`);
  await platform.must('wait', `--for=jsonpath={.status.readyReplicas}=${replicas}`, '--timeout=90s', gateway);
  await platform.ready(gateway);
  await vi.waitFor(() => expect(pods()).toHaveLength(replicas), { timeout: 60_000, interval: 100 });
}

beforeAll(async () => {
  platform = await DevPlatform.open();
  provider = await platform.provider();
  await platform.agents(shellAgent('spread', askingScript));
}, 300_000);

afterAll(async () => {
  await scaleTo(1);
  await provider.close();
  await platform[Symbol.asyncDispose]();
});

test('kubectl scale makes two; whichever of them dies, the other takes what comes', async () => {
  await scaleTo(2);
  for (const name of pods()) {
    await isGone(kill(platform, name));
    const answers = await Promise.all([1, 2, 3].map(() => platform.call('spread')));
    expect(answers.map(({ text }) => text.trim())).toEqual(answers.map(() => 'curl=0 code=200'));
    await platform.must('wait', '--for=jsonpath={.status.readyReplicas}=2', '--timeout=90s', gateway);
    await platform.ready(gateway);
  }
  expect(provider.received()).toHaveLength(6);
  const selector = await platform.must('get', gateway, '-o', 'jsonpath={.status.selector}');
  expect((await platform.must('get', 'pods', '-l', selector, '-o', 'name')).trim().split('\n')).toHaveLength(
    2,
  );
}, 240_000);

/** A deadline ends a run at the deadline, whatever is in the way; what it leaves is gone before its slot serves again. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTerminal } from '../../contract/index.ts';
import { shell } from './attack-agents.ts';
import { callOptions, expectNoLeftovers, terminalOf } from './expectation.ts';
import { runscPath, TestWorker, testAgent, waitFor } from './test-worker.ts';

const short = { timeoutMs: 1500 };
const agents = [
  {
    ...shell(
      'stubborn',
      'trap "" TERM INT HUP; sleep 100 & (trap "" TERM; sleep 100) & while :; do sleep 100; done',
    ),
    ...short,
  },
  { ...shell('orphan', 'sleep 100 & echo hi'), timeoutMs: 20_000 },
  testAgent('flood', 'head -c 104857600 /dev/zero', short),
  testAgent('end', 'head -c 3000000 /dev/zero', short),
  testAgent('quick', 'echo ok', { timeoutMs: 1000 }),
  {
    ...shell('greedy-shell', 'dd if=/dev/zero of=/dev/null bs=300M count=1'),
    resources: { cpuMillis: 2000, memoryBytes: 96 * 1024 * 1024, ephemeralStorageBytes: 1024 * 1024 },
  },
  testAgent('missing', '', {
    revisions: [{ name: 'missing-00001', image: 'test/root:1', command: ['/no/such'], env: [] }],
  }),
  testAgent('home', 'echo kept > $HOME/x && cat $HOME/x && echo $HOME'),
];

let directory: string;
let slow: string;
let worker: TestWorker;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'clrk-slow-'));
  slow = join(directory, 'slow');
  // runsc, but that `create` waits with its work half done: the sandbox is there and nobody has said so.
  const script = `#!/bin/bash
case " $* " in *" create "*) if [ -e ${slow} ]; then ${runscPath} "$@" & wait $!; sleep 30; fi;; esac
exec ${runscPath} "$@"
`;
  writeFileSync(join(directory, 'runsc'), script);
  chmodSync(join(directory, 'runsc'), 0o755);
  worker = await TestWorker.open(agents, {}, { runsc: join(directory, 'runsc') });
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function timed(
  agent: string,
): Promise<{ readonly status: number; readonly text: string; readonly ms: number; readonly id: string }> {
  const from = performance.now();
  const { status, text, invocationId } = await worker.call(agent);
  return { status, text, ms: performance.now() - from, id: invocationId };
}

test('children in the background that ignore signals do not outlive the deadline', async () => {
  const { status, ms, id } = await timed('stubborn');
  expect(status).toBe(504);
  expect(ms).toBeLessThan(4000);
  expect(await terminalOf(worker, id)).toMatchObject({ phase: 'Timeout', reason: 'DeadlineExceeded' });
});

test('an agent that has ended is not waited for because of its children', async () => {
  expect(await timed('orphan')).toMatchObject({ status: 200, text: 'hi\n' });
});

test('S54: a sandbox that is still being created at its deadline is answered then, and leaves nothing', async () => {
  writeFileSync(slow, '');
  const { status, ms, id } = await timed('quick');
  rmSync(slow);
  expect(status).toBe(504);
  expect(ms).toBeLessThan(5000);
  expect(await terminalOf(worker, id)).toMatchObject({ phase: 'Timeout' });
  await waitFor(() => worker.worker.running === 0);
  await worker.worker.settled();
  expectNoLeftovers(worker);
  expect(worker.leftovers()).toEqual([]);
  // Its slot serves as if new.
  expect(await timed('orphan')).toMatchObject({ status: 200 });
}, 60_000);

test.each(['flood', 'end'])('S54: a caller that reads nothing of %s does not hold the run', async (agent) => {
  const caller = request(callOptions(worker, agent), (answer) => answer.pause());
  caller.on('error', () => undefined);
  caller.end();
  const ended = () =>
    worker.events.filter(({ spec, status }) => spec.parentRef.name === agent && isTerminal(status.phase));
  await waitFor(() => ended().length === 1 && worker.worker.running === 0);
  await worker.worker.settled();
  expect(worker.leftovers()).toEqual([]);
  caller.destroy();
});

test('a sandbox that uses up its memory is named as such', async () => {
  const answer = await worker.call('greedy-shell');
  expect(answer.headers['x-clrk-error-code']).toBe('OUT_OF_MEMORY');
  expect(answer.text).toContain('memory limit of 96 MiB');
  expect(await terminalOf(worker, answer.invocationId)).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
});

test('why an agent could not start is told without a path of the host', async () => {
  const answer = await worker.call('missing');
  expect(answer.status).toBe(500);
  expect(answer.text).toContain('its command or working directory is not in its image: /no/such');
  expect(answer.text).not.toContain(worker.directory);
  const { message } = await terminalOf(worker, answer.invocationId);
  expect(message).not.toMatch(/\/(tmp|run|root|var)\//);
});

test('HOME can be written to', async () => {
  expect((await worker.call('home')).text).toMatch(/^kept\n\/root\n$/);
});

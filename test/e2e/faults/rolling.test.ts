/**
 * A rolling update of every Deployment of the platform under a steady load: no call fails that its caller could not safely make again,
 * and every call that was answered has its record.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { header } from '../../../contract/index.ts';
import { images, taskAgent } from '../agents.ts';
import { DevPlatform } from '../dev-platform.ts';

const agent = 'resident';
const atOnce = 8;
/** Calls a second: what two busy cores carry while each role runs twice. */
const rate = Number(process.env['CLRK_FAULTS_RATE'] ?? 1);

/** Pods that were replaced listen on for some seconds after their rollout is told to be over. */
const lastPodsMs = 10_000;

/** One process serves many runs, so that the load is the platform's and not that of sandboxes. */
const program = `
const url = process.env.CLRK_METADATA_URL;
for (;;) {
  const event = await fetch(url + '/event');
  if (event.status !== 200) continue;
  const id = event.headers.get('${header.invocationId}');
  await event.text();
  await fetch(url + '/response', { method: 'POST', headers: { '${header.invocationId}': id }, body: 'heard ' + id });
}`;

const deployments = [
  ['clrk-system', 'clrk-operator'],
  ['clrk-system', 'clrk-ingress'],
  ['clrk-system', 'clrk-telemetry'],
  ['e2e', 'default-workers'],
  ['e2e', 'clrk-egress-default'],
] as const;

let platform: DevPlatform;

beforeAll(async () => {
  platform = await DevPlatform.open();
  await platform.agents(
    taskAgent(
      agent,
      { image: images.node, command: ['node', '--input-type=module', '-e', program] },
      {
        // As many at once as wait for calls: no call makes a sandbox.
        ...{ warmPoolSize: atOnce, maxConcurrent: atOnce },
        ...{ warmPoolMode: 'Resident', reuse: { maxRuns: 10_000 } },
        ...{ delivery: { mode: 'Metadata' }, timeout: '30s' },
      },
    ),
  );
}, 300_000);
afterAll(() => platform[Symbol.asyncDispose]());

/** `whole`, or what its caller was told; what ran nowhere may be made again. */
interface Ended {
  readonly id: string;
  readonly told: string;
  readonly isSafe: boolean;
}

async function once(): Promise<Ended> {
  const id = randomUUID();
  try {
    const { status, headers, text } = await platform.call(agent, { id, body: 'x' });
    if (status === 200 && text === `heard ${id}`) return { id, told: 'whole', isSafe: true };
    // 503: nobody took it. 429: there was no room.
    const isSafe = status === 503 || status === 429;
    return { id, told: `${status} ${String(headers[header.errorCode])}`, isSafe };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return { id, told: code, isSafe: code === 'ECONNREFUSED' };
  }
}

/** By what they were told. */
function countOf(ended: readonly Ended[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { told } of ended) counts[told] = (counts[told] ?? 0) + 1;
  return counts;
}

test('a rolling update of every Deployment under load fails nobody who could not safely call again', async () => {
  expect(await once()).toMatchObject({ told: 'whole' });
  const calls: Array<Promise<Ended>> = [];
  const load = setInterval(() => calls.push(once()), 1_000 / rate);
  const steps: Array<readonly [name: string, first: number]> = [];
  for (const [namespace, name] of deployments) {
    steps.push([name, calls.length]);
    await platform.must('-n', namespace, 'rollout', 'restart', `deployment/${name}`);
    await platform.must('-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=180s');
  }
  // The last pods that were replaced are still ending.
  await new Promise((resolve) => setTimeout(resolve, lastPodsMs));
  clearInterval(load);
  const ended = await Promise.all(calls);
  for (const [index, [name, first]] of steps.entries()) {
    const counts = countOf(ended.slice(first, steps[index + 1]?.[1]));
    process.stderr.write(`rolling update of ${name}, ${rate} calls a second: ${JSON.stringify(counts)}\n`);
  }
  expect(ended.filter(({ isSafe }) => !isSafe)).toEqual([]);
  const whole = ended.filter(({ told }) => told === 'whole').map(({ id }) => id);
  expect(whole.length).toBeGreaterThan(ended.length / 2);
  const ends = await vi.waitFor(
    async () => {
      const found = await platform.terminalEvents(agent);
      expect(whole.filter((id) => !found.has(id))).toEqual([]);
      return found;
    },
    { timeout: 60_000, interval: 1_000 },
  );
  expect([...ends].filter(([, count]) => count !== 1)).toEqual([]);
  const last = whole.at(-1) ?? '';
  expect((await platform.invocation(agent, last))?.status.phase).toBe('Succeeded');
}, 900_000);

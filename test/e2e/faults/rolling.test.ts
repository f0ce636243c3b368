/**
 * A rolling update of every Deployment of the platform under a steady load: next to nobody is told of anything but that the agent
 * runs as often at once as it may, and no one of what he could not safely repeat, a call that lasts longer than the rollout is not cut by it, and every call that was answered has its record.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { header } from '../../../contract/index.ts';
import { images, shellAgent, taskAgent } from '../agents.ts';
import { DevPlatform } from '../dev-platform.ts';

const agent = 'resident';
const atOnce = 8;
const slowAgent = 'slow';
/** Longer than the rollout that begins with it. */
const slowSeconds = 40;
/** Calls a second. */
const rate = Number(process.env['CLRK_FAULTS_RATE'] ?? 20);

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
    shellAgent(slowAgent, `sleep ${slowSeconds}; echo done`, { timeout: '5m' }),
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
  await vi.waitFor(
    async () => {
      const warm = await platform.must('get', `taskagent/${agent}`, '-o', 'jsonpath={.status.warmSandboxes}');
      expect(Number(warm)).toBe(atOnce);
    },
    { timeout: 300_000, interval: 1_000 },
  );
}, 600_000);
afterAll(() => platform[Symbol.asyncDispose]());

interface Ended {
  readonly id: string;
  /** `whole`, or what its caller was told. */
  readonly told: string;
  readonly ms: number;
}

/** There was no room: it ran nowhere, and whoever calls may call again. */
const noRoom = '429 AT_MAX_CONCURRENT';

async function once(name: string, isWhole: (text: string, id: string) => boolean): Promise<Ended> {
  const id = randomUUID();
  const beganAt = performance.now();
  const told = await platform.call(name, { id, body: 'x' }).then(
    ({ status, headers, text }) =>
      status === 200 && isWhole(text, id) ? 'whole' : `${status} ${String(headers[header.errorCode])}`,
    (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error),
  );
  return { id, told, ms: performance.now() - beganAt };
}

const short = (): Promise<Ended> => once(agent, (text, id) => text === `heard ${id}`);
const long = (): Promise<Ended> => once(slowAgent, (text) => text === 'done\n');

/** By what they were told. */
function countOf(ended: readonly Ended[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { told } of ended) counts[told] = (counts[told] ?? 0) + 1;
  return counts;
}

/** The middle one of those that were whole. */
function medianMs(ended: readonly Ended[]): number {
  const sorted = ended.flatMap(({ told, ms }) => (told === 'whole' ? [ms] : [])).sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
}

test('a rolling update of every Deployment under load fails nobody', async () => {
  expect(await short()).toMatchObject({ told: 'whole' });
  const calls: Array<Promise<Ended>> = [];
  const slow: Array<Promise<Ended>> = [];
  const load = setInterval(() => calls.push(short()), 1_000 / rate);
  const steps: Array<readonly [name: string, first: number]> = [];
  for (const [namespace, name] of deployments) {
    steps.push([name, calls.length]);
    slow.push(long());
    await platform.must('-n', namespace, 'rollout', 'restart', `deployment/${name}`);
    await platform.must('-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=180s');
  }
  // The last pods that were replaced are still ending.
  await new Promise((resolve) => setTimeout(resolve, lastPodsMs));
  clearInterval(load);
  const ended = await Promise.all(calls);
  for (const [index, [name, first]] of steps.entries()) {
    const own = ended.slice(first, steps[index + 1]?.[1]);
    const told = `${JSON.stringify(countOf(own))}, whole in ${medianMs(own)} ms`;
    process.stderr.write(`rolling update of ${name}, ${rate} calls a second: ${told}\n`);
  }
  const refused = ended.filter(({ told }) => told !== 'whole' && told !== noRoom);
  // 503: nobody took it, and whoever called may call again. Where the machine is overrun a worker may not be reached in time.
  expect(refused.filter(({ told }) => !told.startsWith('503 '))).toEqual([]);
  expect(refused.length).toBeLessThanOrEqual(ended.length / 100);
  expect((await Promise.all(slow)).map(({ told }) => told)).toEqual(deployments.map(() => 'whole'));
  const whole = ended.filter(({ told }) => told === 'whole').map(({ id }) => id);
  expect(whole.length).toBeGreaterThan(ended.length / 2);
  const ends = await vi.waitFor(
    async () => {
      const found = await platform.terminalEvents(agent);
      expect(whole.filter((id) => !found.has(id))).toEqual([]);
      return found;
    },
    { timeout: 240_000, interval: 1_000 },
  );
  expect([...ends].filter(([, count]) => count !== 1)).toEqual([]);
  const last = whole.at(-1) ?? '';
  expect((await platform.invocation(agent, last))?.status.phase).toBe('Succeeded');
}, 900_000);

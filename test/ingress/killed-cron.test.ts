/**
 * Ten minutes of `* * * * *` with two ingresses, each a process, on one JetStream: whichever is about to fire, or has just fired, is
 * killed by SIGKILL, minute after minute, and another comes. Every minute has exactly one run and one record. Minutes pass by setting
 * the time, not by waiting.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { invocationStream, type IngressConfig, type Invocation } from '../../contract/index.ts';
import { connectNats, ensureKeyedBuckets } from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { certificates, configWith } from './ingress-bed.ts';
import type { Order, Told } from './mortal-ingress.ts';
import { scheduled } from './schedule-fixture.ts';
import { WorkerStub } from './worker-stub.ts';

const minute = 60_000;
const midnight = Date.parse('2027-01-01T00:00:00Z');
const minutes = Array.from({ length: 10 }, (_, index) => midnight + (index + 1) * minute);
const soon = { timeout: 60_000, interval: 20 };

/** CommonJS packages call it. */
const require =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
/** One file with what it needs of its packages: a dozen processes start, each of which would load all of them. */
const program = join(import.meta.dirname, `../../build/mortal-ingress-${process.pid}.mjs`);
const nats = new TestNats();
const config: IngressConfig = configWith([scheduled('tick', '* * * * *')]);
let telemetry: NatsConnection;
let operator: NatsConnection;
let worker: WorkerStub;
let time = midnight;

class Replica {
  readonly #child: ChildProcess = fork(program, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  readonly gone = once(this.#child, 'exit') as Promise<[number | null, string | null]>;
  isOpen = false;
  won = 0;

  constructor() {
    this.#child.on('message', ({ kind }: Told) => {
      if (kind === 'won') this.won += 1;
      else this.isOpen = true;
    });
  }

  static async open(): Promise<Replica> {
    const replica = new Replica();
    replica.tellTime();
    replica.order({ kind: 'open', access: nats.access, config, workers: [worker.status('w1')] });
    await expect.poll(() => replica.isOpen, soon).toBe(true);
    return replica;
  }

  order(order: Order): void {
    this.#child.send(order);
  }

  tellTime(): void {
    this.order({ kind: 'time', now: time });
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.gone;
  }
}

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, 'mortal-ingress.ts')],
    ...{ outfile: program, bundle: true, platform: 'node', format: 'esm' },
    ...{ banner: { js: require }, external: ['koffi', 'chdb'], logLevel: 'error' },
  });
  await nats.start();
  operator = await connectNats(nats.accessOf({ role: 'operator' }), { name: 'o', log: silentLog });
  await ensureKeyedBuckets(operator);
  telemetry = await connectNats(nats.accessOf({ role: 'telemetry' }), { name: 't', log: silentLog });
  await ensureInvocationStream(telemetry);
  worker = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
}, 60_000);

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await telemetry.close();
  await operator.close();
  await nats[Symbol.asyncDispose]();
  rmSync(program);
});

const fired = (): number[] => worker.seen.map(({ headers }) => Date.parse(String(headers['ce-time'])));

async function records(): Promise<readonly Invocation[]> {
  const { streams } = await telemetry.jetstreamManager();
  const { state } = await streams.info(invocationStream.name);
  const stored: Invocation[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1)
    stored.push((await streams.getMessage(invocationStream.name, { seq })).json());
  return stored;
}

/** Of two, the one that is to be killed in its claim has the time first: the other finds the minute still to be fired. */
async function killInClaim([doomed, other]: readonly [Replica, Replica]): Promise<Replica> {
  doomed.order({ kind: 'die in your next claim' });
  doomed.tellTime();
  expect((await doomed.gone)[1]).toBe('SIGKILL');
  other.tellTime();
  return other;
}

/** Whichever fires: while its run is under way. */
async function killInRun(both: readonly [Replica, Replica], due: number): Promise<Replica> {
  const before = both.map(({ won }) => won);
  for (const each of both) each.tellTime();
  await expect.poll(fired, soon).toContain(due);
  await expect.poll(() => both.findIndex(({ won }, index) => won > (before[index] ?? 0)), soon).not.toBe(-1);
  const firing = both.findIndex(({ won }, index) => won > (before[index] ?? 0));
  await both[firing === 0 ? 0 : 1].kill();
  return both[firing === 0 ? 1 : 0];
}

test('every minute of ten is fired exactly once, though each time who fires is killed', async () => {
  // Answers are never there before their ingress is gone.
  worker.behaviour = (_call, response) => void setTimeout(() => response.end('done'), 500);
  let both: readonly [Replica, Replica] = [await Replica.open(), await Replica.open()];
  for (const [index, due] of minutes.entries()) {
    time = due + 1_000;
    const left = index % 2 === 0 ? await killInRun(both, due) : await killInClaim(both);
    await expect.poll(fired, soon).toContain(due);
    both = [left, await Replica.open()];
  }
  for (const each of both) await each.kill();
  expect(fired()).toEqual(minutes);
  const pending = (await records()).filter(({ status }) => status.phase === 'Pending');
  expect(pending.map(({ spec }) => spec.trigger)).toEqual(
    minutes.map(() => ({ type: 'Cron', source: '* * * * *' })),
  );
  expect(new Set(pending.map(({ metadata }) => metadata.name)).size).toBe(minutes.length);
}, 300_000);

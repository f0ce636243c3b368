/**
 * `npm run fuzz [-- --minutes N] [--seed S]`: bytes of agents and upstreams at random through the real gateway core in this
 * process, on loopback. Ends with 1 on an exception nobody caught, a fault a boundary caught, a turn of the event loop of more
 * than 50 ms of CPU, or memory that grows. Says the seed and what it measured.
 */
import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openGatewayBed, type GatewayBed } from '../egress/gateway-bed.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { fromAgent, fromUpstream, type Wire } from './inputs.ts';
import { Random } from './random.ts';
import { slope, TurnWatch } from './watch.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '' } },
});
const minutes = Number(values.minutes);
const seed = values.seed === '' ? Date.now() % 2 ** 31 : Number(values.seed);
const random = new Random(seed);
const maxTurnMs = 50;
/** Over the whole run, by regression; below it is noise of the allocator. */
const maxGrowthMb = 48;
const hosts = ['files.example.com', 'api.openai.com', 'api.anthropic.com'] as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const problems: string[] = [];
let cases = 0;
const running = new Set<number>();

process.on('uncaughtException', (error, origin) =>
  problems.push(`${origin}: ${error.stack ?? error.message}`),
);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The same turn twice: a pause of the collector or a compilation is nobody's input. */
let control = true;
const slow: Array<{ readonly ms: number; readonly at: string }> = [];
const watch = new TurnWatch((ms) => {
  if (!control && ms > maxTurnMs) slow.push({ ms: Math.round(ms), at: [...running].join(',') });
});

function serve(wire: Wire): (socket: Socket) => void {
  return (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      const bytes = watch.spent(() => fromUpstream(random, wire));
      if (!socket.destroyed && socket.writable) socket.write(bytes);
      if (random.chance(0.2)) socket.end();
      else if (random.chance(0.1)) socket.destroy();
    });
  };
}

async function runCase(bed: GatewayBed, number: number): Promise<void> {
  const wire = random.pick(['h1', 'h2'] as const);
  const host = random.pick(hosts);
  const bytes = watch.spent(() => fromAgent(random, wire, host));
  running.add(number);
  try {
    const agent = await bed.dial(host, { alpn: [wire === 'h2' ? 'h2' : 'http/1.1'] });
    agent.on('error', () => agent.destroy());
    const gone = new Promise<void>((resolve) => agent.once('close', () => resolve()));
    const step = random.chance(0.2) ? 1 + random.below(64) : bytes.length + 1;
    for (let at = 0; at < Math.min(bytes.length, 64 * step) && !agent.destroyed; at += step) {
      agent.write(bytes.subarray(at, at + step));
      if (step < bytes.length) await pause(0);
    }
    agent.resume();
    await Promise.race([gone, pause(20 + random.below(120))]);
    if (random.chance(0.5)) agent.end();
    agent.destroy();
  } catch {
    // The gateway may refuse a connection; that is no fault.
  } finally {
    running.delete(number);
  }
}

async function brokenOf(bed: GatewayBed): Promise<number> {
  const text = await bed.metrics.text();
  const line = /^clrk_egress_connections_broken_total(?:\{[^}]*\})? (\d+)/m.exec(text);
  return Number(line?.[1] ?? 0);
}

const beds = await Promise.all([
  openGatewayBed({ serve: serve('h1') }),
  openGatewayBed({ serve: serve('h2'), alpn: ['h2'] }),
]);
for (const bed of beds) bed.configure((ip, port) => createConfig(ip, port));

const rss: number[] = [];
const started = Date.now();
const endsAt = started + minutes * 60_000;
const warmUntil = started + Math.min(30_000, minutes * 15_000);
let sampledAt = started;

function sample(): void {
  sampledAt = Date.now();
  for (const bed of beds) {
    bed.records.length = 0;
    // Whatever waits for a time-out meets it.
    bed.advance(30_000);
  }
  watch.spent(collect);
  if (Date.now() > warmUntil) rss.push(process.memoryUsage().rss / 1e6);
}

async function lane(): Promise<void> {
  while (Date.now() < endsAt && problems.length === 0) {
    cases += 1;
    await runCase(random.pick([beds[0], beds[1]] as const), cases);
    control = Date.now() < warmUntil;
    if (Date.now() - sampledAt > 2_000) sample();
  }
}

await Promise.all(Array.from({ length: 4 }, lane));
for (const bed of beds) {
  const broken = await brokenOf(bed);
  if (broken > 0) problems.push(`${broken} faults were caught by a boundary`);
  await bed.close();
}
watch.stop();
const growth = slope(rss) * rss.length;
if (rss.length > 20 && growth > maxGrowthMb) problems.push(`memory grew by ${growth.toFixed(0)} MB`);
for (const { ms, at } of slow) problems.push(`a turn of ${ms} ms of CPU, in cases ${at}`);
console.log(
  `fuzz: seed ${seed}, ${cases} cases in ${((Date.now() - started) / 60_000).toFixed(1)} min; worst turn ${watch.worstMs.toFixed(0)} ms of CPU (with warm-up); rss ${(rss[0] ?? 0).toFixed(0)} -> ${(rss.at(-1) ?? 0).toFixed(0)} MB, ${growth.toFixed(0)} MB by regression`,
);
for (const problem of problems) console.log(`  ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

/**
 * The store at size: how long its reads take beside a control query in the same run, how many spans a second of one core
 * get in, how much memory the engine takes. `--rows` is the number of calls; there are five spans for each.
 */
import { readFileSync } from 'node:fs';
import {
  createTables,
  openTestStore,
  removeDirectory,
  temporaryDirectory,
} from '../../test/telemetry/embedded.ts';
import type { BenchOptions, BenchResult } from '../result.ts';
import { round } from '../statistics.ts';
import { fill } from './fill.ts';
import { measureIngest } from './ingest.ts';
import { measureReads } from './reads.ts';

const defaultCalls = 1_000_000;
const spansPerCall = 5;
const rounds = 20;
const ingestedSpans = 100_000;

/** Most memory the process ever had, GiB. */
function peakGib(pid: number): number {
  const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) / 1024 ** 2;
}

export async function run({ rows: calls = defaultCalls }: BenchOptions): Promise<BenchResult> {
  const directory = temporaryDirectory();
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    let store = openTestStore(directory);
    await createTables(store);
    const ingest = await measureIngest(store, `${directory}/spool`, ingestedSpans);
    say(`ingested ${ingest.spans}`);
    await store.command('TRUNCATE TABLE otel_traces');
    const filled = await fill(store, { calls, spans: calls * spansPerCall }, say);
    const fillPeakGib = peakGib(store.engine.pid ?? 0);
    // A fresh engine: what filling needed says nothing about what reading does.
    await store[Symbol.asyncDispose]();
    store = openTestStore(directory);
    await using reading = store;
    // The attached copies would be merged into one another all the while.
    await reading.command('SYSTEM STOP MERGES otel_traces');
    const { figures, ratios } = await measureReads(reading, rounds, filled, say);
    const readPeakGib = peakGib(reading.engine.pid ?? 0);
    return {
      name: 'telemetry',
      ratios: {
        ...ratios,
        calls,
        spans: calls * spansPerCall,
        spans_per_wall_s: ingest.spans / ingest.wallS,
        spans_per_s: ingest.spans / ingest.ownCpuS,
        spans_per_engine_cpu_s: ingest.spans / ingest.engineCpuS,
        spans_per_both_cpu_s: ingest.spans / (ingest.ownCpuS + ingest.engineCpuS),
        rss_gb: readPeakGib,
        fill_rss_gb: fillPeakGib,
      },
      rows: figures.map((figure) => ({
        read: figure.name,
        rows: figure.rows,
        p50_ms: figure.p50Ms,
        p95_ms: figure.p95Ms,
        cpu_ms: figure.cpuMs,
        read_rows: figure.readRows,
        most_read_rows: figure.maxReadRows,
        read_kb: figure.readKb,
        parts: figure.parts,
        control_p50_ms: figure.controlP50Ms,
        control_p95_ms: figure.controlP95Ms,
      })),
      notMeasured: [
        `one read at a time; ${round(ingest.ownCpuS, 1)} CPU s of telemetry and ${round(ingest.engineCpuS, 1)} CPU s of the engine for ${ingest.spans} spans`,
      ],
    };
  } finally {
    removeDirectory(directory);
  }
}

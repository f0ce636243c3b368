/**
 * `clrk validate` beside kubeconform on the same files in the same run, and a 1,000-agent app from TypeScript to verdict.
 * kubeconform checks schemas only; ours evaluates CEL, references and rules too. Figures are CPU seconds where the target
 * says "on one core", because other work on the machine would otherwise be counted.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { customResourceDefinition, kinds } from '../../api/index.ts';
import { isList, isObject } from '../../policy/index.ts';
import type { BenchResult } from '../result.ts';
import { synthAgents } from './app.ts';

const version = 'v0.7.0';
const cache = join(homedir(), '.cache/clrk/bench');
const rounds = 3;

interface Measured {
  readonly objects: number;
  readonly errors: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function bundle(directory: string): Promise<string> {
  const outfile = join(directory, 'validate.mjs');
  // As shipped: bundled, plain Node.
  const { build } = await import('esbuild');
  await build({
    entryPoints: [join(import.meta.dirname, 'validate-process.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
  });
  return outfile;
}

/** From PATH, the cache, or built from the pinned module (the Go checksum database vouches for it). */
function kubeconform(): string | undefined {
  const path = join(cache, 'kubeconform');
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const env = { ...process.env, GOBIN: cache, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
  spawnSync('go', ['install', `github.com/yannh/kubeconform/cmd/kubeconform@${version}`], {
    env,
    stdio: 'inherit',
  });
  return existsSync(path) ? path : undefined;
}

function ours(script: string, folder: string): Measured {
  return JSON.parse(execFileSync(process.execPath, [script, folder], { encoding: 'utf8' })) as Measured;
}

/** `-n 1`: one worker, as ours has one thread. Its own CPU time, as the kernel counts it. */
function theirs(binary: string, schemas: string, folder: string): Measured {
  const started = performance.now();
  const location = join(schemas, '{{ .ResourceKind }}.json');
  const args = [
    '-n',
    '1',
    '-summary',
    '-output',
    'json',
    '-schema-location',
    location,
    '-ignore-filename-pattern',
    'clrk-sources',
    folder,
  ];
  const ran = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$0" "$@"', binary, ...args], {
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  const wallMs = performance.now() - started;
  const { summary } = JSON.parse(ran.stdout) as {
    summary: { valid: number; invalid: number; errors: number; skipped: number };
  };
  const [user = 0, system = 0] = ran.stderr.trim().split(/\s+/).slice(-2).map(Number);
  return {
    objects: summary.valid,
    errors: summary.invalid + summary.errors + summary.skipped,
    wallMs,
    cpuMs: (user + system) * 1_000,
  };
}

function best(measured: readonly Measured[]): Measured {
  const [first, ...rest] = measured;
  if (first === undefined) throw new Error('nothing was measured');
  return rest.reduce((a, b) => (b.cpuMs < a.cpuMs ? b : a), first);
}

function perSecond({ objects, cpuMs }: Measured): number {
  return Math.round(objects / (cpuMs / 1_000));
}

/** Every kind's schema as kubeconform reads it. */
function writeSchemas(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const kind of kinds) {
    const { spec }: { spec?: unknown } = customResourceDefinition(kind);
    const versions: unknown = isObject(spec) ? spec['versions'] : undefined;
    const [version] = isList(versions) ? versions : [];
    const schema = isObject(version) ? version['schema'] : undefined;
    if (!isObject(schema)) throw new Error(`${kind.kind} has no schema`);
    writeFileSync(join(folder, `${kind.kind.toLowerCase()}.json`), JSON.stringify(schema['openAPIV3Schema']));
  }
}

interface Whole {
  readonly synthMs: number;
  readonly validateMs: number;
  readonly reachMs: number;
}

/** From TypeScript to what each agent can reach, every step a process that starts cold, as in a pipeline. */
function synthValidateReach(script: string, directory: string, shape: 'together' | 'apart'): Whole {
  const outdir = join(directory, shape);
  const timed = (args: readonly string[]): number => {
    const started = performance.now();
    execFileSync(process.execPath, args, { maxBuffer: 1e9 });
    return performance.now() - started;
  };
  const tsx = join(import.meta.dirname, '../../node_modules/tsx/dist/loader.mjs');
  const clrk = join(import.meta.dirname, '../../bin/clrk.mjs');
  return {
    synthMs: timed(['--import', `file://${tsx}`, join(import.meta.dirname, 'app.ts'), outdir, shape]),
    validateMs: timed([script, outdir]),
    reachMs: timed([clrk, 'reach', outdir]),
  };
}

const totalMs = ({ synthMs, validateMs, reachMs }: Whole): number => synthMs + validateMs + reachMs;

function fastest(script: string, directory: string, shape: 'together' | 'apart'): Whole {
  const all = Array.from({ length: rounds }, () => synthValidateReach(script, directory, shape));
  const [best] = all.toSorted((a, b) => totalMs(a) - totalMs(b));
  if (best === undefined) throw new Error('nothing was measured');
  return best;
}

function row(tool: string, measured: Measured): Record<string, string | number> {
  const { objects, errors, wallMs, cpuMs } = measured;
  return {
    tool,
    objects,
    errors,
    wall_ms: Math.round(wallMs),
    cpu_ms: Math.round(cpuMs),
    objects_per_cpu_s: perSecond(measured),
  };
}

export async function run(): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'clrk-bench-validate-'));
  try {
    const files = join(directory, 'files');
    synthAgents(files, 20, 500);
    const script = await bundle(directory);
    writeSchemas(join(directory, 'schemas'));
    const binary = kubeconform();
    const own: Measured[] = [];
    const peer: Measured[] = [];
    for (let round = 0; round < rounds; round += 1) {
      own.push(ours(script, files));
      if (binary !== undefined) peer.push(theirs(binary, join(directory, 'schemas'), files));
    }
    const bestOwn = best(own);
    const together = fastest(script, directory, 'together');
    const apart = fastest(script, directory, 'apart');
    const ratios = {
      objects_per_s: perSecond(bestOwn),
      objects_per_wall_s: Math.round(bestOwn.objects / (bestOwn.wallMs / 1_000)),
      thousand_agents_s: totalMs(together) / 1_000,
      thousand_agents_synth_s: together.synthMs / 1_000,
      thousand_agents_validate_s: together.validateMs / 1_000,
      thousand_agents_reach_s: together.reachMs / 1_000,
      thousand_gateways_s: totalMs(apart) / 1_000,
      thousand_gateways_reach_s: apart.reachMs / 1_000,
    };
    const rows = [row('clrk validate (schema, CEL, references, rules)', bestOwn)];
    if (binary === undefined)
      return {
        name: 'validate',
        ratios,
        rows,
        notMeasured: [`kubeconform ${version}: not in ${cache}, and go could not build it`],
      };
    const bestPeer = best(peer);
    rows.push(row(`kubeconform ${version} -n 1 (schema only)`, bestPeer));
    const ratio = perSecond(bestOwn) / perSecond(bestPeer);
    return {
      name: 'validate',
      ratios: { ...ratios, 'validate/kubeconform': ratio },
      rows,
      notMeasured: [],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

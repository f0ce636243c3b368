/**
 * Plain `runsc run` of the bundle the worker made: the floor a cold invocation is measured against. It gets a network
 * namespace and a cgroup of its own, everything else is the worker's: spec, root, flags.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Spec {
  readonly linux: { readonly namespaces: ReadonlyArray<{ readonly type: string; readonly path?: string }> };
}

export interface BareRun extends Disposable {
  /** Milliseconds from spawn to the first byte on stdout. */
  once(): Promise<number>;
}

/** `runDirectory` of a worker that has one sandbox. The bundle may be gone afterwards; its root must stay lent. */
export function prepareBareRun(runsc: string, runDirectory: string, directory: string): BareRun {
  const bundles = join(runDirectory, 'bundles');
  const [name] = readdirSync(bundles);
  if (name === undefined) throw new Error('the worker has no sandbox to take the bundle of');
  const spec = JSON.parse(readFileSync(join(bundles, name, 'config.json'), 'utf8')) as Spec;
  const suffix = randomBytes(3).toString('hex');
  const netns = `clrk-bench-${suffix}`;
  execFileSync('ip', ['netns', 'add', netns]);
  const root = join(directory, 'bare-root');
  const bundle = join(directory, 'bare-bundle');
  mkdirSync(root, { recursive: true });
  mkdirSync(bundle, { recursive: true });
  const namespaces = spec.linux.namespaces.map((each) =>
    each.type === 'network' ? { type: 'network', path: `/run/netns/${netns}` } : each,
  );
  const linux = { ...spec.linux, namespaces, cgroupsPath: `/clrk-bench-${suffix}` };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify({ ...spec, linux }));
  const flags = [
    `--root=${root}`,
    '--platform=systrap',
    '--network=sandbox',
    '--overlay2=none',
    '--host-uds=none',
    '--host-settings=ignore',
  ];
  let count = 0;
  return {
    once: () => {
      count += 1;
      return runOnce(runsc, [...flags, 'run', '--bundle', bundle, `bare-${suffix}-${count}`]);
    },
    [Symbol.dispose]: () => {
      execFileSync('ip', ['netns', 'del', netns]);
      rmSync(root, { recursive: true, force: true });
      rmSync(bundle, { recursive: true, force: true });
    },
  };
}

function runOnce(runsc: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let firstByteAt: number | undefined;
    const child = spawn(runsc, [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-500);
    });
    child.stdout.on('data', () => {
      firstByteAt ??= performance.now();
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end('{"question":42}\n');
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0 && firstByteAt !== undefined) resolve(firstByteAt - startedAt);
      else reject(new Error(`runsc run ended with ${code}: ${said}`));
    });
  });
}

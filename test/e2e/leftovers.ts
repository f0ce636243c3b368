/**
 * What of a platform is on this machine: processes, network namespaces, mounts, cgroups, addresses, routes, tables,
 * temporary directories. Only what carries the platform's own marks (its home, its pods' names), because other tests
 * may run beside.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const list = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

function readIfAny(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkIfAny(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Processes whose command line, directory or environment names the home. */
function processesOf(home: string): string[] {
  return list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      const command = readIfAny(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      const named = [command, linkIfAny(`/proc/${pid}/cwd`), readIfAny(`/proc/${pid}/environ`)];
      return named.some((text) => text.includes(home)) ? [`process ${pid} ${command.slice(0, 200)}`] : [];
    });
}

function ip(...args: readonly string[]): string[] {
  return execFileSync('ip', [...args])
    .toString()
    .split('\n')
    .filter((line) => line.includes('198.51.100.'));
}

/** Every controller's directories below `clrk`, as `controller/worker[/sandbox]`. */
export function cgroups(): string[] {
  const root = '/sys/fs/cgroup';
  const below = (path: string): string[] =>
    readdirSync(join(root, path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => [join(path, entry.name), ...below(join(path, entry.name))]);
  const tops = ['clrk', ...list(root).map((name) => join(name, 'clrk'))];
  return tops.filter((path) => existsSync(join(root, path))).flatMap((path) => [path, ...below(path)]);
}

const tables = (): string[] => execFileSync('nft', ['list', 'tables']).toString().trim().split('\n');

export const namespaces = (): string[] => list('/run/netns').filter((name) => name.startsWith('clrk-'));

/** Everything of a platform in this home; empty when it is down and nothing stayed. */
export function remainsOf(home: string): string[] {
  return [
    ...processesOf(home),
    ...readIfAny('/proc/self/mounts')
      .split('\n')
      .filter((line) => line.includes(home)),
    ...ip('-o', 'address', 'show', 'dev', 'lo'),
    ...ip('route'),
    ...list('/run/clrk-owners').filter((name) => readIfAny(join('/run/clrk-owners', name)).includes(home)),
  ];
}

/** What any sandbox machinery adds to the machine; to be compared before and after. */
export function machineTraces(): string[] {
  return [
    ...namespaces(),
    ...cgroups(),
    ...tables(),
    ...list(tmpdir()).filter((name) => name.startsWith('clrk-') && !name.startsWith('clrk-e2e-')),
  ].sort();
}

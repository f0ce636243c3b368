/**
 * What the gateway bench needs and how it comes: Debian's nginx, wrk and haproxy by apt, mitmproxy from PyPI into a cache
 * of its own. It installs what is missing and says so; a peer that cannot be had is left out by name.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isInstalled } from './peers.ts';

const cache = join(homedir(), '.cache/clrk/bench');

function say(what: string): void {
  process.stderr.write(`bench gateway: ${what}\n`);
}

function tryRun(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, [...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    return true;
  } catch {
    return false;
  }
}

/** Installs Debian packages whose command is missing; the commands that are still missing afterwards. */
export function installPackages(packageOf: Readonly<Record<string, string>>): string[] {
  const missing = Object.keys(packageOf).filter((command) => !isInstalled(command));
  if (missing.length === 0) return [];
  const packages = missing.map((command) => packageOf[command] ?? command);
  say(`installing ${packages.join(', ')} by apt-get`);
  if (tryRun('apt-get', ['update', '-qq']))
    tryRun('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  return missing.filter((command) => !isInstalled(command));
}

/** mitmdump's path: from PATH, the cache, or freshly installed; undefined where it cannot be had. */
export function installMitmdump(): string | undefined {
  if (isInstalled('mitmdump')) return 'mitmdump';
  const venv = join(cache, 'mitmproxy');
  const command = join(venv, 'bin/mitmdump');
  if (existsSync(command)) return command;
  say(`installing mitmproxy from PyPI into ${venv}`);
  const installed =
    tryRun('python3', ['-m', 'venv', venv]) &&
    tryRun(join(venv, 'bin/pip'), ['install', '-q', '--disable-pip-version-check', 'mitmproxy']);
  return installed && existsSync(command) ? command : undefined;
}

/** Programs a bench needs from Debian: looked for, and installed by apt where they are missing. */
import { execFileSync, spawnSync } from 'node:child_process';

export function say(what: string): void {
  process.stderr.write(`bench: ${what}\n`);
}

export function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** False where it fails; what it complains of is seen. */
export function tryRun(command: string, args: readonly string[]): boolean {
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

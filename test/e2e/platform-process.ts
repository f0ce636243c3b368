/** The platform's processes as a test kills them: found by the platform's own record, and known to be another when they come back. */
import { readFileSync, readdirSync } from 'node:fs';
import { expect, vi } from 'vitest';
import {
  identifyProcess,
  isAlive,
  signalProcess,
  type ProcessIdentity,
} from '../../local/process-identity.ts';
import type { DevPlatform } from './dev-platform.ts';

const engine = 'engine';

/** `name`: as in the record (`etcd`), the beginning of a pod's key, or `engine`, which is telemetry's own child. */
export function processOf(platform: DevPlatform, name: string): ProcessIdentity {
  if (name === engine) return engineOf(platform);
  const found = Object.entries(platform.state.children).find(([key]) => key === name || key.startsWith(name));
  if (found === undefined) throw new Error(`no process ${name}`);
  return found[1];
}

function engineOf(platform: DevPlatform): ProcessIdentity {
  for (const pid of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    let command = '';
    try {
      command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      continue;
    }
    const identity = identifyProcess(Number(pid));
    if (
      identity !== undefined &&
      command.includes('telemetry-engine') &&
      command.includes(platform.home.root)
    )
      return identity;
  }
  throw new Error('no engine process');
}

/** For sure: it was there. */
export function signal(platform: DevPlatform, name: string, which: NodeJS.Signals): ProcessIdentity {
  const identity = processOf(platform, name);
  expect(signalProcess(identity, which)).toBe(true);
  return identity;
}

export function kill(platform: DevPlatform, name: string): ProcessIdentity {
  return signal(platform, name, 'SIGKILL');
}

/** Another process under the same name. */
export async function comesBack(platform: DevPlatform, name: string, before: ProcessIdentity): Promise<void> {
  await vi.waitFor(
    () => {
      const identity = processOf(platform, name);
      expect(identity.pid).not.toBe(before.pid);
      expect(isAlive(identity)).toBe(true);
    },
    { timeout: 60_000, interval: 50 },
  );
}

/** Its engine comes a moment after telemetry does. */
export async function isThere(platform: DevPlatform, name: string): Promise<void> {
  await vi.waitFor(() => processOf(platform, name), { timeout: 60_000, interval: 50 });
}

/** Every socket and file of it is closed. */
export async function isGone(process: ProcessIdentity): Promise<void> {
  await vi.waitFor(() => expect(isAlive(process)).toBe(false), { timeout: 60_000, interval: 5 });
}

/**
 * Addresses of pods and Services on the loopback interface, and the route that keeps the rest of their range from
 * leaving the machine. Apart because only this changes the host's network; nothing but `lo` and this one /24 is touched.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Subnet } from '../subnet.ts';

const run = promisify(execFile);

async function ip(args: readonly string[], tolerate: RegExp): Promise<void> {
  try {
    await run('ip', [...args], { timeout: 10_000 });
  } catch (error) {
    const text = (error as { stderr?: string }).stderr ?? '';
    if (!tolerate.test(text)) throw error;
  }
}

/** Idempotent. */
export async function addAddress(address: string): Promise<void> {
  await ip(['address', 'add', `${address}/32`, 'dev', 'lo'], /File exists|already assigned/);
}

/** Idempotent. */
export async function removeAddress(address: string): Promise<void> {
  await ip(['address', 'del', `${address}/32`, 'dev', 'lo'], /Cannot assign|not found/);
}

/** Connections to an address of the range that nobody has fail at once instead of going to the default gateway. */
export async function guardSubnet(subnet: Subnet): Promise<void> {
  await ip(['route', 'add', 'unreachable', subnet.cidr], /File exists/);
}

export async function listAddresses(subnet: Subnet): Promise<string[]> {
  const { stdout } = await run('ip', ['-o', '-4', 'address', 'show', 'dev', 'lo'], { timeout: 10_000 });
  return [...stdout.matchAll(/inet (\d+\.\d+\.\d+\.\d+)\//g)]
    .map(([, address]) => address ?? '')
    .filter((address) => subnet.contains(address));
}

/** Removes everything of the range: after `down`, and before a start that follows a crash. */
export async function clearSubnet(subnet: Subnet): Promise<void> {
  for (const address of await listAddresses(subnet)) await removeAddress(address);
  await ip(['route', 'del', 'unreachable', subnet.cidr], /No such process/);
}

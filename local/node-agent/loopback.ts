/**
 * Addresses of pods and Services on the loopback interface, and the route that keeps the rest of their range from
 * leaving the machine. Apart because only this changes the host's network; nothing but `lo` and this one /24 is touched.
 * An address carries its home's label in the kernel, and it must never remove one of another home.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
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

/** What the kernel keeps beside an address: the interface, a colon, and at most twelve characters of ours. */
function labelOf(root: string): string {
  return `lo:${createHash('sha256').update(root).digest('hex').slice(0, 12)}`;
}

interface LabelledAddress {
  readonly address: string;
  readonly label: string;
}

export class HomeAddresses {
  readonly #label: string;
  readonly #subnet: Subnet;

  /** `root` is the directory of the home. */
  constructor(root: string, subnet: Subnet) {
    this.#label = labelOf(root);
    this.#subnet = subnet;
  }

  /** Idempotent. */
  async add(address: string): Promise<void> {
    const args = ['address', 'add', `${address}/32`, 'dev', 'lo', 'label', this.#label];
    await ip(args, /File exists|already assigned/);
  }

  /** Idempotent; one of another home stays. */
  async remove(address: string): Promise<void> {
    const args = ['address', 'del', `${address}/32`, 'dev', 'lo', 'label', this.#label];
    await ip(args, /Cannot assign|not found/);
  }

  /** Connections to an address of the range that nobody has fail at once instead of going to the default gateway. */
  async guard(): Promise<void> {
    await ip(['route', 'add', 'unreachable', this.#subnet.cidr], /File exists/);
  }

  /** Of every home. */
  async isTaken(address: string): Promise<boolean> {
    return (await this.#all()).some((each) => each.address === address);
  }

  /** Removes this home's addresses, and the route when no other home has one of the range. */
  async clear(): Promise<void> {
    for (const { address, label } of await this.#all()) if (label === this.#label) await this.remove(address);
    await this.#dropGuard();
  }

  /** Removes every address of the range, when it is known that nobody runs on it: what crashed homes have left. */
  async clearAbandoned(): Promise<void> {
    for (const { address } of await this.#all())
      await ip(['address', 'del', `${address}/32`, 'dev', 'lo'], /Cannot assign|not found/);
    await this.#dropGuard();
  }

  async #dropGuard(): Promise<void> {
    if ((await this.#all()).length > 0) return;
    await ip(['route', 'del', 'unreachable', this.#subnet.cidr], /No such process/);
  }

  async #all(): Promise<LabelledAddress[]> {
    const { stdout } = await run('ip', ['-o', '-4', 'address', 'show', 'dev', 'lo'], { timeout: 10_000 });
    return [...stdout.matchAll(/inet (\d+\.\d+\.\d+\.\d+)\/\d+ .*? (lo\S*?)\\/g)]
      .map(([, address = '', label = '']) => ({ address, label }))
      .filter(({ address }) => this.#subnet.contains(address));
  }
}

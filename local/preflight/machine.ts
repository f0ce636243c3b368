/** What `clrk dev` needs of the machine, checked before anything is started; each failure says what to do. */
import { existsSync, mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import { requireKernelFeatures } from './kernel.ts';

// Example images, their extracted layers, etcd, JetStream and ClickHouse data of a day of play.
const minimumFreeBytes = 2 * 1024 ** 3;

export interface MachineFacts {
  readonly platform: string;
  readonly uid: number;
  readonly freeBytes: number;
  readonly missingCommands: readonly string[];
}

/** Throws the first thing that is wrong; pure. */
export function judgeMachine(facts: MachineFacts, homeRoot: string): void {
  if (facts.platform !== 'linux') {
    throw new ClrkError('NOT_LINUX', `clrk dev needs Linux, this is ${facts.platform}`, {
      hint: 'Sandboxes are Linux namespaces: use a Linux machine or virtual machine.',
    });
  }
  if (facts.uid !== 0) {
    throw new ClrkError('NOT_ROOT', `clrk dev must run as root, this is user ${facts.uid}`, {
      hint: 'It makes network namespaces and addresses: run it again with `sudo -E`.',
    });
  }
  if (facts.missingCommands.length > 0) {
    throw new ClrkError('COMMAND_MISSING', `not installed: ${facts.missingCommands.join(', ')}`, {
      hint: 'On Debian or Ubuntu: apt-get install -y iproute2 nftables util-linux',
    });
  }
  if (facts.freeBytes < minimumFreeBytes) {
    const free = Math.floor(facts.freeBytes / 1024 ** 2);
    throw new ClrkError(
      'DISK_FULL',
      `${homeRoot} has ${free} MiB free, clrk dev needs ${minimumFreeBytes / 1024 ** 2}`,
      {
        hint: 'Free some space, or point CLRK_HOME at a larger disk.',
      },
    );
  }
}

export async function requireMachine(homeRoot: string): Promise<void> {
  mkdirSync(homeRoot, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(homeRoot);
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  judgeMachine(
    {
      platform: process.platform,
      uid: process.getuid?.() ?? 0,
      freeBytes: bavail * bsize,
      missingCommands: ['ip', 'nft', 'setpriv'].filter((name) =>
        folders.every((folder) => !existsSync(join(folder, name))),
      ),
    },
    homeRoot,
  );
  await requireKernelFeatures();
}

/** What `clrk dev` needs of the machine, checked before anything is started; each failure says what to do. */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ClrkError, errorMessage } from '../../contract/index.ts';
import { requireKernelFeatures } from './kernel.ts';

// Example images, their extracted layers, etcd, JetStream and ClickHouse data of a day of play.
const minimumFreeBytes = 2 * 1024 ** 3;

export interface Runner {
  readonly platform: string;
  readonly uid: number;
}

/** Throws what is wrong with who runs it where; pure. */
export function judgeRunner({ platform, uid }: Runner): void {
  if (platform !== 'linux') {
    throw new ClrkError('NOT_LINUX', `clrk dev needs Linux, this is ${platform}`, {
      hint: 'Sandboxes are Linux namespaces: use a Linux machine or virtual machine.',
    });
  }
  if (uid !== 0) {
    throw new ClrkError('NOT_ROOT', `clrk dev must run as root, this is user ${uid}`, {
      hint: 'It makes network namespaces and addresses: run it again with `sudo -E`.',
    });
  }
}

export interface MachineFacts {
  readonly freeBytes: number;
  readonly missingCommands: readonly string[];
}

/** Throws the first thing that is wrong; pure. */
export function judgeMachine({ freeBytes, missingCommands }: MachineFacts, homeRoot: string): void {
  if (missingCommands.length > 0) {
    throw new ClrkError('COMMAND_MISSING', `not installed: ${missingCommands.join(', ')}`, {
      hint: 'On Debian or Ubuntu: apt-get install -y iproute2 nftables util-linux',
    });
  }
  if (freeBytes < minimumFreeBytes) {
    const free = Math.floor(freeBytes / 1024 ** 2);
    throw new ClrkError(
      'DISK_FULL',
      `${homeRoot} has ${free} MiB free, clrk dev needs ${minimumFreeBytes / 1024 ** 2}`,
      {
        hint: 'Free some space, or point CLRK_HOME at a larger disk.',
      },
    );
  }
}

/** Before the first file is written, its log included: who runs it, and whether its home can be. */
export function requireHome(homeRoot: string): void {
  judgeRunner({ platform: process.platform, uid: process.getuid?.() ?? 0 });
  try {
    mkdirSync(homeRoot, { recursive: true, mode: 0o700 });
    accessSync(homeRoot, constants.W_OK);
  } catch (cause) {
    throw new ClrkError('HOME_UNWRITABLE', `${homeRoot} cannot be written: ${errorMessage(cause)}`, {
      hint: 'Point CLRK_HOME at a directory on a disk that can be written.',
      cause,
    });
  }
}

export async function requireMachine(homeRoot: string): Promise<void> {
  const { bavail, bsize } = await statfs(homeRoot);
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const missingCommands = ['ip', 'nft', 'setpriv'].filter((name) =>
    folders.every((folder) => !existsSync(join(folder, name))),
  );
  judgeMachine({ freeBytes: bavail * bsize, missingCommands }, homeRoot);
  await requireKernelFeatures();
}

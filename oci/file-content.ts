/**
 * A file of an image onto the disk: made new, never through a link, holes left as holes, then owner, mode and time.
 * Apart because a layer's store and a root are both written this way. Small files are written without waiting: a
 * round trip through Node's threads costs more than they do.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  openSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { EntryOwner } from './layer-entry.ts';
import type { Segment } from './tar/sparse-map.ts';
import type { TarEntry } from './tar/tar-reader.ts';

export type EntryContent = Pick<TarEntry, 'segments' | 'storedBytes' | 'whole' | 'pieces'>;

const exclusive = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
const writeLater = promisify(write);
/** What is larger goes through Node's threads: a disk that is behind would stop everything else meanwhile. */
const maxSyncBytes = 128 * 1024;

/** Only root may give files away; without it everything stays ours. */
export const ownsFiles = process.getuid?.() === 0;

export function setOwner(fd: number, owner: EntryOwner): void {
  if (ownsFiles && (owner.uid !== 0 || owner.gid !== 0)) fchownSync(fd, owner.uid, owner.gid);
  fchmodSync(fd, owner.mode);
  // Python trusts its .pyc files by the source's time.
  futimesSync(fd, owner.mtimeSeconds, owner.mtimeSeconds);
}

async function writeAll(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const length = bytes.length - done;
    done +=
      length <= maxSyncBytes
        ? writeSync(fd, bytes, done, length, position + done)
        : (await writeLater(fd, bytes, done, length, position + done)).bytesWritten;
  }
}

async function writeSegments(
  fd: number,
  pieces: AsyncIterable<Buffer>,
  segments: readonly Segment[],
): Promise<void> {
  let index = 0;
  let used = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const segment = segments[index];
      if (segment === undefined) return;
      const part = piece.subarray(at, at + segment.length - used);
      await writeAll(fd, part, segment.offset + used);
      at += part.length;
      used += part.length;
      if (used === segment.length) {
        index++;
        used = 0;
      }
    }
  }
}

export async function writeContent(
  path: Buffer,
  size: number,
  owner: EntryOwner,
  content: EntryContent,
): Promise<void> {
  const fd = openSync(path, exclusive, 0o600);
  try {
    const whole = content.segments === undefined ? content.whole() : undefined;
    if (whole !== undefined) await writeAll(fd, whole, 0);
    else {
      await writeSegments(fd, content.pieces(), content.segments ?? [{ offset: 0, length: size }]);
      if (content.segments !== undefined) ftruncateSync(fd, size);
    }
    setOwner(fd, owner);
  } finally {
    closeSync(fd);
  }
}

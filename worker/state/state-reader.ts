/**
 * An agent's state read for a person: one directory listed, or one file, with bounds and told as cut. The state is a hostile agent's,
 * and it may be written while it is read, so nothing is looked up by a path: each component is opened in the directory that was opened
 * before it (`/proc/self/fd`), never through a link, and what is no plain file or directory is not opened at all.
 */
import { constants } from 'node:fs';
import { lstat, open, opendir, type FileHandle } from 'node:fs/promises';
import { ClrkError } from '../../contract/index.ts';

export const stateBounds = {
  entries: 10_000,
  /** Of a file. */
  bytes: 16 * 1024 * 1024,
  /** Components of a path. */
  depth: 64,
  /** How long one listing may take. */
  ms: 5_000,
} as const;

export type StateEntryKind = 'file' | 'directory' | 'link' | 'other';

export interface StateEntry {
  /** As the agent wrote it: whoever shows it to a person makes it harmless (terminalLine). */
  readonly name: string;
  readonly kind: StateEntryKind;
  /** Of a file, in bytes. */
  readonly size: number;
  /** Unix milliseconds. */
  readonly modifiedAt: number;
}

export interface StateListing {
  /** By name. */
  readonly entries: readonly StateEntry[];
  /** There are more, or the time was over. */
  readonly isCut: boolean;
}

export interface StateReading {
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly bounds?: Partial<Record<keyof typeof stateBounds, number>>;
}

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
// O_NONBLOCK: opening a FIFO that came in between must not hang.
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const notFound = (): ClrkError => new ClrkError('STATE_NOT_FOUND', 'there is no such file in the state');

/** Components below the root. `..` is no component of ours: no name needs it. Throws STATE_PATH. */
export function parseStatePath(path: string, depth: number = stateBounds.depth): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const isWrong = parts.some((part) => part === '..' || part.includes('\0') || Buffer.byteLength(part) > 255);
  if (isWrong || parts.length > depth)
    throw new ClrkError('STATE_PATH', 'a path in a state has no "..", and at most 64 names of 255 bytes');
  return parts;
}

const within = (directory: FileHandle, name: string): string => `/proc/self/fd/${directory.fd}/${name}`;

/** The directory that the components lead to, each opened in the one before. */
async function openDirectory(root: string, parts: readonly string[]): Promise<FileHandle> {
  let directory = await open(root, directoryFlags);
  for (const part of parts) {
    const outer = directory;
    try {
      directory = await open(within(outer, part), directoryFlags);
    } catch {
      // A link, a file, or nothing: whichever, no directory of the state.
      throw notFound();
    } finally {
      await outer.close();
    }
  }
  return directory;
}

async function entryOf(directory: FileHandle, name: string): Promise<StateEntry | undefined> {
  // Of the entry itself, never of what a link points to.
  const found = await lstat(within(directory, name)).catch(() => undefined);
  if (found === undefined) return undefined;
  const kind = found.isFile()
    ? 'file'
    : found.isDirectory()
      ? 'directory'
      : found.isSymbolicLink()
        ? 'link'
        : 'other';
  return { name, kind, size: kind === 'file' ? found.size : 0, modifiedAt: Math.trunc(found.mtimeMs) };
}

/** Throws STATE_NOT_FOUND and STATE_PATH; no error says a path of the host. */
export async function listState(
  root: string,
  path: string,
  { now, bounds = {} }: StateReading,
): Promise<StateListing> {
  const { entries: most, ms } = { ...stateBounds, ...bounds };
  const directory = await openDirectory(root, parseStatePath(path));
  const until = now() + ms;
  const entries: StateEntry[] = [];
  let isCut = false;
  try {
    for await (const { name } of await opendir(`/proc/self/fd/${directory.fd}`)) {
      if (entries.length >= most || now() > until) {
        isCut = true;
        break;
      }
      const entry = await entryOf(directory, name);
      if (entry !== undefined) entries.push(entry);
    }
  } finally {
    await directory.close();
  }
  return { entries: entries.sort((a, b) => (a.name < b.name ? -1 : 1)), isCut };
}

export interface StateFile {
  readonly bytes: Buffer;
  /** It is larger, as far as can be said. */
  readonly isCut: boolean;
}

/** Throws STATE_NOT_FOUND (also of what is no plain file) and STATE_PATH. */
export async function readState(
  root: string,
  path: string,
  { bounds = {} }: StateReading,
): Promise<StateFile> {
  const { bytes: most } = { ...stateBounds, ...bounds };
  const parts = parseStatePath(path);
  const name = parts.at(-1);
  if (name === undefined) throw notFound();
  const directory = await openDirectory(root, parts.slice(0, -1));
  let file: FileHandle | undefined;
  try {
    file = await open(within(directory, name), fileFlags).catch(() => undefined);
    if (file === undefined || !(await file.stat()).isFile()) throw notFound();
    return await readBounded(file, most);
  } finally {
    await file?.close();
    await directory.close();
  }
}

/** It may grow while it is read. */
async function readBounded(file: FileHandle, most: number): Promise<StateFile> {
  const chunks: Buffer[] = [];
  let left = most + 1;
  while (left > 0) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(left, 64 * 1024)));
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    left -= bytesRead;
  }
  const bytes = Buffer.concat(chunks);
  return { bytes: bytes.subarray(0, most), isCut: bytes.length > most };
}

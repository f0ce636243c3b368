/**
 * Batches ClickHouse cannot take, on disk until it can: one file a batch, in order, fsynced before it is promised.
 * Bounded: a batch that would exceed the limit is refused, so that the sender keeps it. A file that vanished, cannot be
 * read or is not what was written is set aside and counted; it never stops those behind it.
 */
import { mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import { Aside, type AsideReason } from './aside.ts';
import { parseSpoolFile, renderSpoolFile, type SpooledBatch } from './spool-file.ts';

interface Entry {
  readonly file: string;
  readonly bytes: number;
}

export interface SpoolOptions {
  /** Room for what is set aside, on top of `maxBytes`. */
  readonly maxAsideBytes?: number;
  /** `rows`: undefined when the file cannot say. */
  readonly onAside?: (reason: AsideReason, rows: number | undefined) => void;
}

const suffix = '.batch';
const partialSuffix = '.partial';
const defaultAsideBytes = 32 * 1024 * 1024;

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

function fileName(number: number): string {
  return `${String(number).padStart(12, '0')}${suffix}`;
}

export class Spool {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #options: SpoolOptions;
  readonly #aside: Aside;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #next = 1;

  /** Takes up what an earlier process left. Files are believed when they are read, not now: there may be many. */
  constructor(directory: string, maxBytes: number, options: SpoolOptions = {}) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#options = options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#aside = new Aside(join(directory, 'aside'), options.maxAsideBytes ?? defaultAsideBytes);
    for (const file of readdirSync(directory).sort()) this.#takeUp(file);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get asideBytes(): number {
    return this.#aside.bytes;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  /** Resolves when the batch is on disk. Throws SPOOL_FULL, or what the disk says. */
  async append(batch: SpooledBatch): Promise<void> {
    const bytes = renderSpoolFile(batch);
    if (this.#bytes + bytes.length > this.#maxBytes) {
      throw new ClrkError('SPOOL_FULL', `the telemetry spool holds its limit of ${this.#maxBytes} bytes`, {
        retryable: true,
        hint: 'ClickHouse has been away for long; see the telemetry log.',
      });
    }
    const file = fileName(this.#next++);
    // Counted before the first await: parallel appends must not pass the limit together.
    this.#bytes += bytes.length;
    try {
      await this.#write(file, bytes);
      this.#entries.push({ file, bytes: bytes.length });
    } catch (error) {
      this.#bytes -= bytes.length;
      throw error;
    }
  }

  /** The oldest batch that can be read, or undefined. Never throws. */
  async peek(): Promise<SpooledBatch | undefined> {
    for (;;) {
      const entry = this.#entries[0];
      if (entry === undefined) return undefined;
      const read = await this.#read(entry);
      if (typeof read === 'object') return read;
      await this.#drop(read);
    }
  }

  /** Forgets the oldest batch: it is in ClickHouse. */
  async shift(): Promise<void> {
    const entry = this.#forget();
    if (entry !== undefined) await rm(this.#path(entry.file), { force: true }).catch(() => undefined);
  }

  /** The oldest batch goes behind the others: they may do better. */
  rotate(): void {
    const entry = this.#entries.shift();
    if (entry !== undefined) this.#entries.push(entry);
  }

  /** Keeps rows ClickHouse will never take where a person can look at them. Never throws. */
  async setAside(batch: SpooledBatch, reason: AsideReason): Promise<void> {
    await this.#aside.put(batch, reason);
    this.#options.onAside?.(reason, batch.rows);
  }

  #takeUp(file: string): void {
    const path = this.#path(file);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() !== true) return;
    // Never promised to anybody: the process ended before the file was whole.
    if (file.endsWith(partialSuffix)) return unlinkSync(path);
    const number = Number.parseInt(file, 10);
    if (!file.endsWith(suffix) || Number.isNaN(number)) return;
    this.#entries.push({ file, bytes: stat.size });
    this.#bytes += stat.size;
    this.#next = Math.max(this.#next, number + 1);
  }

  #path(file: string): string {
    return join(this.#directory, file);
  }

  async #read(entry: Entry): Promise<SpooledBatch | AsideReason> {
    try {
      return parseSpoolFile(await readFile(this.#path(entry.file))) ?? 'damaged';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable';
    }
  }

  async #drop(reason: AsideReason): Promise<void> {
    const entry = this.#forget();
    if (entry === undefined) return;
    if (reason !== 'missing') await this.#aside.take(this.#path(entry.file), reason);
    this.#options.onAside?.(reason, undefined);
  }

  #forget(): Entry | undefined {
    const entry = this.#entries.shift();
    if (entry !== undefined) this.#bytes -= entry.bytes;
    return entry;
  }

  /** All of it or nothing: what was refused to its sender and stood here all the same would count twice. */
  async #write(file: string, bytes: Buffer): Promise<void> {
    const path = this.#path(file);
    const partial = `${path}${partialSuffix}`;
    try {
      {
        await using handle = await open(partial, 'w', 0o600);
        await handle.writeFile(bytes);
        await handle.sync();
      }
      await rename(partial, path);
      await syncDirectory(this.#directory);
    } catch (error) {
      await Promise.all([partial, path].map((each) => rm(each, { force: true }).catch(() => undefined)));
      throw error;
    }
  }
}

/**
 * Batches ClickHouse cannot take, on disk until it can: one file a batch, in order, fsynced before it is promised.
 * Bounded: a batch that would exceed the limit is refused, so that the sender keeps it. A file that was cut by a
 * crash is told by its checksum and set aside by deletion; only unpromised batches can be so.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClrkError } from '../contract/index.ts';
import type { InsertBatch } from './store.ts';

export interface SpooledBatch extends InsertBatch {
  readonly rows: number;
}

interface Entry {
  readonly file: string;
  readonly bytes: number;
}

interface Header {
  readonly table: string;
  readonly token: string;
  readonly rows: number;
  readonly sha256: string;
}

const suffix = '.batch';

function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

/** Header as one JSON line, then the body. Undefined when it is not whole. */
export function parseSpoolFile(bytes: Buffer): SpooledBatch | undefined {
  const newline = bytes.indexOf(0x0a);
  if (newline < 0) return undefined;
  try {
    const header = JSON.parse(bytes.subarray(0, newline).toString('utf8')) as Header;
    const body = bytes.subarray(newline + 1);
    if (header.sha256 !== sha256(body)) return undefined;
    return { table: header.table, token: header.token, rows: header.rows, body };
  } catch {
    return undefined;
  }
}

export function renderSpoolFile(batch: SpooledBatch): Buffer {
  const { table, token, rows, body } = batch;
  const header: Header = { table, token, rows, sha256: sha256(body) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]);
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

export class Spool {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #next = 1;

  /** Takes up what an earlier process left. */
  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(directory).sort()) {
      const path = join(directory, file);
      if (file.endsWith(suffix) && parseSpoolFile(readFileSync(path)) !== undefined) {
        this.#add({ file, bytes: statSync(path).size });
        this.#next = Number.parseInt(file, 10) + 1;
      } else unlinkSync(path);
    }
  }

  get bytes(): number {
    return this.#bytes;
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
    const file = `${String(this.#next++).padStart(12, '0')}${suffix}`;
    // Counted before the first await: parallel appends must not pass the limit together.
    this.#bytes += bytes.length;
    try {
      await this.#write(file, bytes);
    } catch (error) {
      this.#bytes -= bytes.length;
      throw error;
    }
    this.#bytes -= bytes.length;
    this.#add({ file, bytes: bytes.length });
  }

  /** The oldest batch, or undefined. One that cannot be read whole is removed and the next one given. */
  async peek(): Promise<SpooledBatch | undefined> {
    for (;;) {
      const entry = this.#entries[0];
      if (entry === undefined) return undefined;
      const batch = parseSpoolFile(await readFile(join(this.#directory, entry.file)));
      if (batch !== undefined) return batch;
      await this.shift();
    }
  }

  /** Forgets the oldest batch: it is in ClickHouse. */
  async shift(): Promise<void> {
    const entry = this.#entries.shift();
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    await rm(join(this.#directory, entry.file), { force: true });
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
  }

  async #write(file: string, bytes: Buffer): Promise<void> {
    const path = join(this.#directory, file);
    const partial = `${path}.partial`;
    try {
      await using handle = await open(partial, 'w', 0o600);
      await handle.writeFile(bytes);
      await handle.sync();
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    await rename(partial, path);
    await syncDirectory(this.#directory);
  }
}

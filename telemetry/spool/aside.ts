/**
 * Where batches go that can never be inserted: damaged files, and rows ClickHouse refuses. Kept for a person to look at,
 * bounded, the oldest give way. It must never fail its caller: what cannot be kept here is only counted.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderSpoolFile, type SpooledBatch } from './spool-file.ts';

/** `damaged`: not what was written. `missing`, `unreadable`: the disk. `poison`: ClickHouse refuses its rows. */
export const asideReasons = ['damaged', 'missing', 'unreadable', 'poison'] as const;
export type AsideReason = (typeof asideReasons)[number];

interface Kept {
  readonly file: string;
  readonly bytes: number;
}

export class Aside {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #kept: Kept[] = [];
  #bytes = 0;
  #next = 1;

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    if (!existsSync(directory)) return;
    for (const file of readdirSync(directory).sort()) {
      const number = Number.parseInt(file, 10);
      const stat = statSync(join(directory, file), { throwIfNoEntry: false });
      if (Number.isNaN(number) || stat?.isFile() !== true) continue;
      this.#note(file, stat.size);
      this.#next = Math.max(this.#next, number + 1);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Moves a spool file here as it is. */
  async take(path: string, reason: AsideReason): Promise<void> {
    const file = this.#name(reason);
    const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    await this.#keep(file, bytes, () => rename(path, join(this.#directory, file)));
  }

  async put(batch: SpooledBatch, reason: AsideReason): Promise<void> {
    const file = this.#name(reason);
    const bytes = renderSpoolFile(batch);
    await this.#keep(file, bytes.length, () =>
      writeFile(join(this.#directory, file), bytes, { mode: 0o600 }),
    );
  }

  #name(reason: AsideReason): string {
    return `${String(this.#next++).padStart(12, '0')}.${reason}`;
  }

  async #keep(file: string, bytes: number, store: () => Promise<void>): Promise<void> {
    if (bytes > this.#maxBytes) return;
    await this.#makeRoom(bytes);
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await store();
      this.#note(file, bytes);
    } catch {
      // A disk that takes nothing: the batch is lost here as it was lost to ClickHouse, and counted by the caller. The part of it
      // that was written would be counted by nobody.
      await rm(join(this.#directory, file), { force: true }).catch(() => undefined);
    }
  }

  #note(file: string, bytes: number): void {
    this.#kept.push({ file, bytes });
    this.#bytes += bytes;
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.#bytes + bytes > this.#maxBytes) {
      const oldest = this.#kept.shift();
      if (oldest === undefined) return;
      this.#bytes -= oldest.bytes;
      await rm(join(this.#directory, oldest.file), { force: true }).catch(() => undefined);
    }
  }
}

/**
 * A bounded copy of a body for the record: the first bytes, or of a stream the last ones (usage is at the end). Apart so
 * that memory per exchange has one number. It only sees bytes after scrubbing.
 */
import type { GatewayConfig } from '../../contract/index.ts';
import { ChunkList } from '../chunk-list.ts';

export interface CapturedBody {
  readonly bytes: Buffer;
  /** Bytes that passed, captured or not. */
  readonly total: number;
  readonly truncated: boolean;
}

export class BodyCapture {
  #max: number;
  readonly #keepLast: boolean;
  #kept = new ChunkList();
  total = 0;

  /** `max` 0: counts only. */
  constructor(max: number, keepLast: boolean) {
    this.#max = max;
    this.#keepLast = keepLast;
  }

  push(chunk: Buffer): void {
    this.total += chunk.length;
    if (this.#max === 0) return;
    if (this.#keepLast) this.#pushLast(chunk);
    else if (this.#kept.length < this.#max) this.#kept.push(chunk.subarray(0, this.#max - this.#kept.length));
  }

  /** Keeps nothing, of what came and what comes: it only counts. */
  drop(): void {
    this.#max = 0;
    this.#kept = new ChunkList();
  }

  #pushLast(chunk: Buffer): void {
    this.#kept.push(chunk);
    // Compacted at twice the size, so that each byte is copied at most about once.
    if (this.#kept.length > 2 * this.#max) this.#compact();
  }

  #compact(): void {
    const all = Buffer.concat(this.#kept.chunks);
    this.#kept = new ChunkList();
    this.#kept.push(Buffer.from(all.subarray(Math.max(0, all.length - this.#max))));
  }

  result(): CapturedBody | undefined {
    if (this.#max === 0 || this.total === 0) return undefined;
    const { chunks } = this.#kept;
    const all = chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks);
    const bytes = this.#keepLast ? all.subarray(Math.max(0, all.length - this.#max)) : all;
    return { bytes, total: this.total, truncated: this.total > bytes.length };
  }
}

/** The capture for a body of this content type, as the gateway's owner configured it. */
export function createCapture(
  config: GatewayConfig['capture'],
  contentType: string | undefined,
): BodyCapture {
  const type = (contentType ?? '').toLowerCase();
  const wanted = config.includeContentTypes.some((prefix) => type.startsWith(prefix.toLowerCase()));
  return new BodyCapture(wanted ? config.maxBytes : 0, type.startsWith('text/event-stream'));
}

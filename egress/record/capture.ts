/**
 * A bounded copy of a body for the record: the first bytes, or of a stream the last ones (usage is at the end). Apart so
 * that memory per exchange has one number. It only sees bytes after scrubbing.
 */
import type { GatewayConfig } from '../../contract/index.ts';

export interface CapturedBody {
  readonly bytes: Buffer;
  /** Bytes that passed, captured or not. */
  readonly total: number;
  readonly truncated: boolean;
}

export class BodyCapture {
  #max: number;
  readonly #keepLast: boolean;
  #chunks: Buffer[] = [];
  #kept = 0;
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
    else if (this.#kept < this.#max) {
      const part = chunk.subarray(0, this.#max - this.#kept);
      this.#chunks.push(part);
      this.#kept += part.length;
    }
  }

  /** Keeps nothing, of what came and what comes: it only counts. */
  drop(): void {
    this.#max = 0;
    this.#chunks = [];
    this.#kept = 0;
  }

  #pushLast(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    // Compacted at twice the size, so that each byte is copied at most about once.
    if (this.#kept > 2 * this.#max || this.#chunks.length > 256) this.#compact();
  }

  #compact(): void {
    const all = Buffer.concat(this.#chunks);
    const last = all.subarray(Math.max(0, all.length - this.#max));
    this.#chunks = [Buffer.from(last)];
    this.#kept = last.length;
  }

  result(): CapturedBody | undefined {
    if (this.#max === 0 || this.total === 0) return undefined;
    const all =
      this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
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

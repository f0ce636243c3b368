/**
 * Lines of a sandbox's stdout and stderr as OTLP logs. Bounded in line length, rate, bytes and memory, so that an agent
 * that prints 100 MB costs little more than copying it; what was cut or left out says so. Control characters are
 * escaped (S50).
 */
import type { Context } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { attribute } from '../../contract/index.ts';
import { TokenBucket } from '../network/token-bucket.ts';
import type { LogEmitter } from '../telemetry/sink.ts';

export interface StdioLogOptions {
  readonly logger: LogEmitter;
  readonly stream: 'stdout' | 'stderr';
  readonly attributes: Readonly<Record<string, string>>;
  readonly context: Context;
  readonly now: () => number;
  /** The bound on bytes is for so long, and then anew; absent: for the whole run. */
  readonly windowMs?: number;
}

const maxLineBytes = 8 * 1024;
const rate = { burst: 500, perSecond: 100 };
/** Of one stream of one run (or window of one), whatever its lines: what telemetry keeps of it. */
const maxStreamBytes = 4 * 1024 * 1024;

// eslint-disable-next-line no-control-regex -- matching them is the point
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

export function escapeControls(line: string): string {
  return line.replace(controls, (each) => `\\u${(each.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

/** Without the beginning of a character that the bound has cut in two. */
function wholeCharacters(line: Buffer): string {
  return new TextDecoder().decode(line, { stream: true });
}

export class StdioLog {
  readonly #options: StdioLogOptions;
  readonly #bucket: TokenBucket;
  #rest = Buffer.alloc(0);
  /** Bytes of the line so far that are over its bound. */
  #cut = 0;
  #dropped = 0;
  #bytes = 0;
  #windowEnds: number;

  constructor(options: StdioLogOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket({ ...rate, now: options.now });
    this.#windowEnds = options.now() + (options.windowMs ?? Number.POSITIVE_INFINITY);
  }

  write(chunk: Buffer): void {
    let from = 0;
    for (let newline = chunk.indexOf(10); newline !== -1; newline = chunk.indexOf(10, from)) {
      this.#line(chunk.subarray(from, newline), true);
      from = newline + 1;
    }
    this.#line(chunk.subarray(from), false);
  }

  /** A part of a line; `complete` when a newline follows it. */
  #line(part: Buffer, complete: boolean): void {
    const kept = part.subarray(0, maxLineBytes - this.#rest.length);
    if (kept.length > 0) this.#rest = Buffer.concat([this.#rest, kept]);
    this.#cut += part.length - kept.length;
    if (complete) this.#endLine();
  }

  #endLine(): void {
    const line = this.#rest;
    const cut = this.#cut;
    this.#rest = Buffer.alloc(0);
    this.#cut = 0;
    if (line.length === 0) return;
    this.#renew();
    if (this.#bytes + line.length > maxStreamBytes || !this.#bucket.take()) {
      this.#dropped += 1;
      return;
    }
    this.#bytes += line.length;
    if (cut === 0) return this.#log(escapeControls(line.toString('utf8').replace(/\r$/, '')));
    this.#log(
      `${escapeControls(wholeCharacters(line))} [${cut} more bytes of this line are not recorded]`,
      cut,
    );
  }

  #renew(): void {
    const now = this.#options.now();
    if (now < this.#windowEnds) return;
    this.#windowEnds = now + (this.#options.windowMs ?? Number.POSITIVE_INFINITY);
    this.#bytes = 0;
    this.#tellDropped();
  }

  #log(body: string, cut?: number): void {
    const error = this.#options.stream === 'stderr';
    this.#options.logger.emit({
      severityNumber: error ? SeverityNumber.WARN : SeverityNumber.INFO,
      severityText: error ? 'WARN' : 'INFO',
      body,
      attributes: {
        ...this.#options.attributes,
        [attribute.ioStream]: this.#options.stream,
        ...(cut === undefined ? {} : { [attribute.logCutBytes]: cut }),
      },
      context: this.#options.context,
    });
  }

  /** The last line without a newline, and how many were over the rate. */
  end(): void {
    this.#endLine();
    this.#tellDropped();
  }

  #tellDropped(): void {
    if (this.#dropped > 0)
      this.#log(`[${this.#dropped} more lines were over the log rate or size and are not recorded]`);
    this.#dropped = 0;
  }
}

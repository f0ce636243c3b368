/**
 * A log file that never outgrows its bound: at `maxBytes` the file becomes `<file>.1` and a new one begins. Lines are
 * stored as the container runtime interface does (`<time> <stream> F|P <text>`), so that `kubectl logs` can give times
 * and streams. It must never hold back bytes longer than one line.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

// Kubelet's default is 10 MiB a file and 5 files; two files bound one container to 20 MiB.
const defaultMaxBytes = 10 * 1024 * 1024;
// As containerd: a longer line is stored in parts, marked P.
const maxLineBytes = 16 * 1024;

export type LogStream = 'stdout' | 'stderr';

export class RotatingLog {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #rest: Record<LogStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #descriptor: number | undefined;
  #size: number;

  constructor(path: string, maxBytes = defaultMaxBytes) {
    this.path = path;
    this.#maxBytes = maxBytes;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#size = fstatSync(this.#descriptor).size;
  }

  write(stream: LogStream, chunk: Buffer): void {
    let rest = this.#rest[stream].length === 0 ? chunk : Buffer.concat([this.#rest[stream], chunk]);
    for (;;) {
      const end = rest.indexOf(10);
      if (end >= 0 && end <= maxLineBytes) {
        this.#line(stream, 'F', rest.subarray(0, end));
        rest = rest.subarray(end + 1);
      } else if (rest.length > maxLineBytes) {
        this.#line(stream, 'P', rest.subarray(0, maxLineBytes));
        rest = rest.subarray(maxLineBytes);
      } else break;
    }
    this.#rest[stream] = Buffer.from(rest);
  }

  /** Idempotent; writes what is left of an unfinished line. */
  close(): void {
    if (this.#descriptor === undefined) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#rest[stream].length > 0) this.#line(stream, 'F', this.#rest[stream]);
    }
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #line(stream: LogStream, tag: 'F' | 'P', text: Buffer): void {
    if (this.#descriptor === undefined) return;
    const line = Buffer.concat([
      Buffer.from(`${new Date().toISOString()} ${stream} ${tag} `),
      text,
      Buffer.from('\n'),
    ]);
    if (this.#size + line.length > this.#maxBytes && this.#size > 0) this.#rotate(this.#descriptor);
    try {
      writeSync(this.#descriptor, line);
      this.#size += line.length;
    } catch {
      // A full disk must not end the process whose output this is.
    }
  }

  #rotate(descriptor: number): void {
    closeSync(descriptor);
    renameSync(this.path, `${this.path}.1`);
    this.#descriptor = openSync(this.path, 'a', 0o600);
    this.#size = 0;
  }
}

export interface LogLine {
  readonly time: string;
  readonly stream: string;
  readonly partial: boolean;
  readonly text: string;
}

/** One stored line, or undefined when it is not one. */
export function parseLogLine(line: string): LogLine | undefined {
  const match = /^(\S+) (stdout|stderr) ([FP]) ([^]*)$/.exec(line);
  if (match === null) return undefined;
  const [, time = '', stream = '', tag = '', text = ''] = match;
  return { time, stream, partial: tag === 'P', text };
}

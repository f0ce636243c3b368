/**
 * Reads a container's stored log as `kubectl logs` asks: tail, since, timestamps, follow, previous lines across one
 * rotation. Apart from the HTTP endpoint. The selection is pure; following polls the file, and ends with the signal.
 */
import { existsSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { parseLogLine, type LogLine } from '../supervisor/rotating-log.ts';

export interface LogQuery {
  readonly tailLines?: number;
  /** Unix milliseconds. */
  readonly since?: number;
  readonly timestamps: boolean;
  readonly limitBytes?: number;
}

export function renderLogLine(line: LogLine, timestamps: boolean): string {
  return `${timestamps ? `${line.time} ` : ''}${line.text}${line.partial ? '' : '\n'}`;
}

/** What a query selects of stored text. */
export function selectLog(stored: string, query: LogQuery): string {
  const lines = stored
    .split('\n')
    .map(parseLogLine)
    .filter((line) => line !== undefined)
    .filter(({ time }) => query.since === undefined || Date.parse(time) >= query.since);
  const chosen =
    query.tailLines === undefined ? lines : query.tailLines === 0 ? [] : lines.slice(-query.tailLines);
  const text = chosen.map((line) => renderLogLine(line, query.timestamps)).join('');
  return query.limitBytes === undefined
    ? text
    : Buffer.from(text).subarray(0, query.limitBytes).toString('utf8');
}

/** Stored text of the file and of its one predecessor, and where following has to go on. */
export async function readStoredLog(
  path: string,
): Promise<{ readonly text: string; readonly offset: number }> {
  const older = existsSync(`${path}.1`) ? await readFile(`${path}.1`, 'utf8') : '';
  const current = existsSync(path) ? await readFile(path) : Buffer.alloc(0);
  return { text: older + current.toString('utf8'), offset: current.length };
}

// Often enough to read as live; a stat of one file costs microseconds.
const pollMs = 150;
const chunkBytes = 256 * 1024;

/** Stored text that is appended after `offset`, in whole lines, until the signal aborts. */
export async function* followStoredLog(
  path: string,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let position = offset;
  let rest = '';
  while (!signal.aborted) {
    const size = await stat(path).then(
      (entry) => entry.size,
      () => 0,
    );
    // Smaller than what was read: the file was rotated.
    if (size < position) position = 0;
    if (size > position) {
      const file = await open(path, 'r');
      const buffer = Buffer.alloc(Math.min(chunkBytes, size - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position).finally(() => file.close());
      position += bytesRead;
      const text = rest + buffer.toString('utf8', 0, bytesRead);
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      if (end > 0) yield text.slice(0, end);
    } else await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

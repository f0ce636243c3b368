/** The line before a chunk: its size, extensions thrown away. Apart because it is the classic place of bypasses. */
import { CodecError } from './codec-error.ts';

// 12 hexadecimal digits stay below Number.MAX_SAFE_INTEGER. Extensions: no control characters, `;` first.
const chunkLine = /^([0-9A-Fa-f]{1,12})((?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?)$/;

export interface ChunkLine {
  readonly size: number;
  readonly extensionBytes: number;
}

export function parseChunkLine(line: string): ChunkLine {
  const match = chunkLine.exec(line);
  if (match === null) throw new CodecError('malformed chunk size');
  return { size: parseInt(match[1] ?? '', 16), extensionBytes: match[2]?.length ?? 0 };
}

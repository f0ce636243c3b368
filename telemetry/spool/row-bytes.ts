/** Rows on their way to ClickHouse: lines of JSON, each with its end, and how many. */
export interface RowBytes {
  readonly body: Buffer;
  readonly count: number;
}

export function rowBytes(lines: readonly string[]): RowBytes {
  const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  return { body: Buffer.from(text), count: lines.length };
}

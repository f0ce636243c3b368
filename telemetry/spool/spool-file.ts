/**
 * One spooled batch as a file: a line of JSON, then the rows. Pure. Apart from the spool because what a file must be to
 * be believed is a question of bytes, not of directories.
 */
import { createHash } from 'node:crypto';
import type { InsertBatch } from '../store/store.ts';

export interface SpooledBatch extends InsertBatch {
  readonly rows: number;
}

interface Header {
  readonly table: string;
  readonly token: string;
  readonly rows: number;
  readonly sha256: string;
}

/** A header is far shorter; a file without a line end in its first bytes is not ours. */
const maxHeaderBytes = 4096;

function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

function isHeader(value: unknown): value is Header {
  if (value === null || typeof value !== 'object') return false;
  const { table, token, rows, sha256: sum } = value as Partial<Record<keyof Header, unknown>>;
  return (
    typeof table === 'string' &&
    typeof token === 'string' &&
    typeof sum === 'string' &&
    typeof rows === 'number' &&
    Number.isSafeInteger(rows) &&
    rows >= 0
  );
}

/** Undefined when it is not whole. */
export function parseSpoolFile(bytes: Buffer): SpooledBatch | undefined {
  const newline = bytes.subarray(0, maxHeaderBytes).indexOf(0x0a);
  if (newline < 0) return undefined;
  try {
    const header: unknown = JSON.parse(bytes.subarray(0, newline).toString('utf8'));
    if (!isHeader(header)) return undefined;
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

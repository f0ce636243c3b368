/**
 * How much the rows of one request may come to. Each row has all of its resource: a few megabytes of it, said once, and a hundred
 * thousand spans of fifty bytes would be rows of hundreds of gigabytes.
 */
import { ClrkError } from '../../contract/index.ts';

/** Eight times the largest body; what exporters send comes to three or four times its bytes. */
export const maxRowsBytes = 128 * 1024 * 1024;

/** Throws BODY_TOO_LARGE. */
export function requireRows(bytes: number): void {
  if (bytes <= maxRowsBytes) return;
  const message = `the records come to more than ${maxRowsBytes} bytes with their resource in each: send fewer of them at once`;
  throw new ClrkError('BODY_TOO_LARGE', message);
}

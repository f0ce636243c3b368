/**
 * How much the rows of one request may come to, and how many members it may have. Each row has all of its resource: a few megabytes of it, said once, and a hundred
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

/** Resources, scopes and records. Nobody sends so many at once, and eight million empty ones are no more bytes than a large body. */
export const maxMembers = 250_000;

/** Throws BODY_TOO_LARGE. */
export function requireMembers(count: number): void {
  if (count <= maxMembers) return;
  const message = `there are more than ${maxMembers} records, scopes and resources: send fewer of them at once`;
  throw new ClrkError('BODY_TOO_LARGE', message);
}

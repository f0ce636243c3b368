/**
 * Where a page ended, as text for the reader to bring back. Pure. It says nothing about whose records are read: the path
 * does, on every page anew, so a token from elsewhere opens nothing. What is not one of ours is refused.
 */
import { ClrkError, isInvocationId } from '../../contract/index.ts';

/** The last call of a page of calls. */
export interface CallPosition {
  readonly createdMs: number;
  readonly id: string;
  readonly agent: string;
}

/** The last record of a page of logs or spans. Text, because both are 64-bit. */
export interface RecordPosition {
  readonly nanos: string;
  readonly ingestId: string;
}

const maxTokenChars = 1024;
const digits = /^\d{1,20}$/;

function encode(...parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function bad(): ClrkError {
  return new ClrkError('BAD_REQUEST', 'continue is not a token of this list');
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function decode(token: string, kind: string): readonly string[] {
  if (token.length > maxTokenChars) throw bad();
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (isTexts(parts) && parts[0] === kind) return parts.slice(1);
  } catch {
    // Told below, as all else that is not a token.
  }
  throw bad();
}

export function renderCallToken({ createdMs, id, agent }: CallPosition): string {
  return encode('c', String(createdMs), id, agent);
}

/** Throws BAD_REQUEST. */
export function parseCallToken(token: string): CallPosition {
  const [createdMs = '', id = '', agent = ''] = decode(token, 'c');
  if (!digits.test(createdMs) || !Number.isSafeInteger(Number(createdMs)) || !isInvocationId(id)) throw bad();
  return { createdMs: Number(createdMs), id, agent };
}

/** Where a list of the aggregated API is: it says on every page from which version on to watch, and ends at a bound. */
export interface ListPosition {
  readonly call: CallPosition;
  /** Version of the first page. */
  readonly version: string;
  /** Calls listed so far. */
  readonly listed: number;
}

export function renderListToken({ call, version, listed }: ListPosition): string {
  return encode('l', renderCallToken(call), version, String(listed));
}

/** Throws BAD_REQUEST. */
export function parseListToken(token: string): ListPosition {
  const [call = '', version = '', listed = ''] = decode(token, 'l');
  if (!isUnsigned64(version) || !/^\d{1,6}$/.test(listed)) throw bad();
  return { call: parseCallToken(call), version, listed: Number(listed) };
}

export function renderRecordToken({ nanos, ingestId }: RecordPosition): string {
  return encode('r', nanos, ingestId);
}

/** Throws BAD_REQUEST. */
export function parseRecordToken(token: string): RecordPosition {
  const [nanos = '', ingestId = ''] = decode(token, 'r');
  if (!isUnsigned64(nanos) || !isUnsigned64(ingestId)) throw bad();
  return { nanos, ingestId };
}

/** What ClickHouse takes as a UInt64. */
export function isUnsigned64(text: string): boolean {
  return digits.test(text) && BigInt(text) <= 0x7fff_ffff_ffff_ffffn;
}

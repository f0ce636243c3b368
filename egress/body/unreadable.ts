/**
 * A body the gateway will not judge, and so will not send: what is wrong, and what to send instead. The text goes to the
 * agent, so it must never hold bytes of the body.
 */
import type { JsonProblem } from './json-scanner.ts';

/** Stable across releases. */
export type UnreadableCode =
  | 'BODY_NOT_JSON'
  | 'BODY_AMBIGUOUS'
  | 'BODY_NOT_JSON_RPC'
  | 'BODY_NOT_FORM_DATA'
  | 'BODY_MODEL_UNREADABLE'
  | 'BODY_TOO_COMPLEX'
  | 'BODY_TOO_LARGE'
  | 'BODY_CODING_BROKEN'
  | 'CONTENT_TYPE_UNSUPPORTED'
  | 'CONTENT_ENCODING_UNSUPPORTED';

export interface Unreadable {
  readonly kind: 'unreadable';
  readonly status: 400 | 413 | 415;
  readonly code: UnreadableCode;
  readonly message: string;
}

const statuses: Readonly<Record<UnreadableCode, Unreadable['status']>> = {
  BODY_NOT_JSON: 400,
  BODY_AMBIGUOUS: 400,
  BODY_NOT_JSON_RPC: 400,
  BODY_NOT_FORM_DATA: 400,
  BODY_MODEL_UNREADABLE: 400,
  BODY_TOO_COMPLEX: 413,
  BODY_TOO_LARGE: 413,
  BODY_CODING_BROKEN: 400,
  CONTENT_TYPE_UNSUPPORTED: 415,
  CONTENT_ENCODING_UNSUPPORTED: 415,
};

export function unreadable(code: UnreadableCode, message: string): Unreadable {
  return { kind: 'unreadable', status: statuses[code], code, message };
}

/** What a scanner found, as the agent is told. */
export const jsonProblems: Readonly<Record<JsonProblem, Unreadable>> = {
  'not-json': unreadable('BODY_NOT_JSON', 'the body is not JSON (RFC 8259, without a byte order mark)'),
  'not-utf8': unreadable('BODY_NOT_JSON', 'the body is not valid UTF-8; send JSON in UTF-8'),
  'repeated-name': unreadable('BODY_AMBIGUOUS', 'an object of the body has a member twice; send each once'),
  'odd-name': unreadable(
    'BODY_AMBIGUOUS',
    'a member name of the body differs from a known one only by case, or holds characters that servers read differently',
  ),
  'odd-value': unreadable(
    'BODY_AMBIGUOUS',
    'a text or number that decides holds what servers read differently (NUL, half a surrogate pair, no finite number)',
  ),
  'value-too-long': unreadable('BODY_AMBIGUOUS', 'a text or number that decides is too long'),
  'name-too-long': unreadable('BODY_TOO_COMPLEX', 'a member name of the body is too long'),
  'too-deep': unreadable('BODY_TOO_COMPLEX', 'the body is nested too deep'),
  'too-many-members': unreadable('BODY_TOO_COMPLEX', 'the objects of the body have too many members'),
  stopped: unreadable('BODY_NOT_JSON', 'the body was not read to its end'),
};

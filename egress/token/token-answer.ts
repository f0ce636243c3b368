/**
 * What a token endpoint answered (RFC 6749 5.1 and 5.2). Pure. What it wrote freely is never told on: of an error only the codes that
 * the RFCs know.
 */
import type { TokenFault } from './token-state.ts';

export interface GivenToken {
  readonly kind: 'given';
  readonly token: string;
  readonly lifeMs: number;
  /** In place of the one that was used; undefined: that one stays. */
  readonly refreshToken: string | undefined;
}

export type TokenAnswer = GivenToken | { readonly kind: 'fault'; readonly fault: TokenFault };

/** The server did not say: it is asked again soon. */
const unsaidLifeMs = 5 * 60_000;
const maxTokenLength = 16_384;
/** RFC 6750 2.1 has fewer; what a field carries without being read in two ways. */
const tokenText = /^[\x21-\x7e]+$/;

const knownErrors: ReadonlySet<string> = new Set([
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type'],
  ...[
    'invalid_scope',
    'access_denied',
    'temporarily_unavailable',
    'server_error',
    'invalid_target',
    'slow_down',
  ],
]);

export function fault(code: string, message: string, waitMs?: number): TokenAnswer {
  return { kind: 'fault', fault: { code, message, ...(waitMs === undefined ? {} : { waitMs }) } };
}

function objectOf(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function refused(status: number, body: Buffer, waitMs: number | undefined): TokenAnswer {
  const error = objectOf(body)?.['error'];
  const said = typeof error === 'string' && knownErrors.has(error) ? ` ${error}` : '';
  return fault('Refused', `the token endpoint answered ${status}${said}`, waitMs);
}

/** RFC 6749 says a number; some servers write it as a text. undefined: nonsense. */
function lifeOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return unsaidLifeMs;
  const seconds = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds > 0 && seconds < 1e10 ? seconds * 1_000 : undefined;
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxTokenLength && tokenText.test(value);
}

const malformed = fault('Malformed', 'the token endpoint answered 200 with no usable Bearer token');

export function readTokenAnswer(status: number, body: Buffer, waitMs?: number): TokenAnswer {
  // A redirect is followed by nobody: a client's secret goes where its policy says.
  if (status !== 200) return refused(status, body, waitMs);
  const object = objectOf(body);
  const { access_token: token, token_type: type = 'Bearer', expires_in, refresh_token: next } = object ?? {};
  const lifeMs = lifeOf(expires_in);
  if (!isToken(token) || lifeMs === undefined) return malformed;
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return malformed;
  return { kind: 'given', token, lifeMs, refreshToken: isToken(next) ? next : undefined };
}

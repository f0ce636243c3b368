/** What is refused or fails, as the Status object every Kubernetes client reads. Pure. */
import { ClrkError, errorMessage } from '../../contract/index.ts';

interface Meaning {
  readonly status: number;
  readonly reason: string;
}

const meanings: Readonly<Record<string, Meaning>> = {
  BAD_REQUEST: { status: 400, reason: 'BadRequest' },
  UNAUTHORIZED: { status: 401, reason: 'Unauthorized' },
  FORBIDDEN: { status: 403, reason: 'Forbidden' },
  NOT_FOUND: { status: 404, reason: 'NotFound' },
  METHOD_NOT_ALLOWED: { status: 405, reason: 'MethodNotAllowed' },
  NOT_ACCEPTABLE: { status: 406, reason: 'NotAcceptable' },
  /** The client begins again with a list. */
  RESUME_EXPIRED: { status: 410, reason: 'Expired' },
  TELEMETRY_TOO_BROAD: { status: 422, reason: 'Invalid' },
  /** Nobody reads this. */
  READER_GONE: { status: 499, reason: 'ClientClosedRequest' },
  TOO_MANY_AT_ONCE: { status: 429, reason: 'TooManyRequests' },
  INGRESS_UNREACHABLE: { status: 502, reason: 'ServiceUnavailable' },
  INVOKE_UPGRADED: { status: 502, reason: 'ServiceUnavailable' },
};

const unavailable: Meaning = { status: 503, reason: 'ServiceUnavailable' };

export interface StatusObject {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details?: {
    readonly causes: ReadonlyArray<{ readonly reason: string; readonly message: string }>;
  };
  readonly code: number;
}

/** False: it is ours to look into, and its text is not for the caller. */
export function isTold(thrown: unknown): thrown is ClrkError {
  return thrown instanceof ClrkError && meanings[thrown.code] !== undefined;
}

export function statusOf(thrown: unknown): StatusObject {
  const known = isTold(thrown) ? meanings[thrown.code] : undefined;
  const { status, reason } = known ?? unavailable;
  const message = known === undefined ? 'the telemetry store cannot answer now' : errorMessage(thrown);
  const hint = isTold(thrown) ? thrown.hint : undefined;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: hint === undefined ? message : `${message}. ${hint}`,
    reason,
    ...(isTold(thrown) ? { details: { causes: [{ reason: thrown.code, message }] } } : {}),
    code: status,
  };
}

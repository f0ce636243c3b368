/** Why a call did not reach its upstream or broke on the way: what the agent is told and the record holds. */
import type { DenyReason } from '../../contract/index.ts';

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  /** Stable: UPSTREAM_UNREACHABLE, UPSTREAM_TLS, UPSTREAM_TIMEOUT, UPSTREAM_PROTOCOL, UPSTREAM_CLOSED, UPSTREAM_ENCODING… */
  readonly code: string;
  readonly status: number;
  /** Set when policy refused the address. */
  readonly denyReason: DenyReason | undefined;
  /** The upstream did not act on the request and said so (REFUSED_STREAM, GOAWAY): it may be sent again elsewhere. */
  readonly unprocessed: boolean;

  constructor(
    code: string,
    message: string,
    options: { status?: number; denyReason?: DenyReason; unprocessed?: boolean } = {},
  ) {
    super(message);
    this.code = code;
    this.status = options.status ?? 502;
    this.denyReason = options.denyReason;
    this.unprocessed = options.unprocessed ?? false;
  }
}

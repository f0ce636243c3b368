/** Why a call did not reach its upstream or broke on the way: what the agent is told and the record holds. */
import type { DenyReason } from '../../contract/index.ts';

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  /** Stable: UPSTREAM_UNREACHABLE, UPSTREAM_TLS, UPSTREAM_TIMEOUT, UPSTREAM_PROTOCOL, UPSTREAM_CLOSED, UPSTREAM_ENCODING… */
  readonly code: string;
  readonly status: number;
  /** Set when policy refused the address. */
  readonly denyReason: DenyReason | undefined;
  /**
   * True where the upstream cannot have begun with the request (it was never connected, it refused the stream, a GOAWAY left it
   * out): any method may be sent again, as long as its body can. False says nothing either way.
   */
  readonly unprocessed: boolean;
  /** The host let itself not be connected to: whoever had called it would have met the same. False says nothing either way. */
  readonly atHost: boolean;

  constructor(
    code: string,
    message: string,
    options: { status?: number; denyReason?: DenyReason; unprocessed?: boolean; atHost?: boolean } = {},
  ) {
    super(message);
    this.code = code;
    this.status = options.status ?? 502;
    this.denyReason = options.denyReason;
    this.unprocessed = options.unprocessed ?? false;
    this.atHost = options.atHost ?? false;
  }
}

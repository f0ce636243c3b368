/**
 * What the gateway learns from a request's body, and the shape of what reads one. Plain data.
 */
import type { RpcBody } from '../../decision/index.ts';
import type { Span } from './json-scanner.ts';
import type { Unreadable } from './unreadable.ts';

/**
 * `model`: JSON of a model provider. `rpc`: JSON-RPC of an MCP server. `form-model`: multipart/form-data with a `model`
 * part, as for audio and images.
 */
export type BodyWant = 'model' | 'rpc' | 'form-model';

/** Places in the decoded body, for `edits.ts`. */
export interface BodySpans {
  /** The outermost object. */
  readonly root?: ObjectSpan;
  readonly model?: Span;
  readonly streamOptions?: ObjectSpan | (Span & { readonly kind: 'null' });
  readonly includeUsage?: Span;
}

export interface ObjectSpan extends Span {
  readonly kind: 'object';
  readonly empty: boolean;
}

export interface BodyRead {
  readonly kind: 'read';
  readonly format: 'json' | 'form-data';
  /** Undefined: the body names none. */
  readonly model: string | undefined;
  readonly stream: boolean | undefined;
  /** `stream_options.include_usage`. */
  readonly includeUsage: boolean | undefined;
  /** The largest limit of output tokens the body names, in any provider's spelling. */
  readonly outputCap: number | undefined;
  /** Only where JSON-RPC was wanted. */
  readonly rpc: RpcBody | undefined;
  readonly spans: BodySpans;
}

export type BodyResult = BodyRead | Unreadable;

/** Takes a body without its content coding. After something was wrong it says the same again, whatever comes. */
export interface PlainReader {
  push(bytes: Buffer): Unreadable | undefined;
  end(): BodyResult;
}

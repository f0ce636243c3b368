/**
 * What the gateway learns from a request's body, and the shape of what reads one. Plain data.
 */
import type { RpcBody } from '../../decision/index.ts';
import type { Span } from './json-scanner.ts';
import type { Unreadable } from './unreadable.ts';

/**
 * `model`: JSON of a model provider. `rpc`: JSON-RPC of an MCP server. `form-model`: multipart/form-data with a `model`
 * part, as for audio and images. `whole`: bytes of any type, in whatever coding they came.
 */
export type BodyWant = 'model' | 'rpc' | 'form-model' | 'whole';

/** Places in the decoded body, for `edits.ts`. */
export interface BodySpans {
  /** The outermost object. */
  readonly root?: ObjectSpan;
  readonly model?: Span;
  readonly streamOptions?: ObjectSpan | (Span & { readonly kind: 'null' });
  readonly includeUsage?: Span;
  /** Every limit of output tokens the body names, null ones too. */
  readonly outputCaps?: readonly OutputCap[];
  /** Google's and Bedrock's objects that hold such a limit. */
  readonly generationConfig?: ObjectSpan;
  readonly inferenceConfig?: ObjectSpan;
}

/** Of which of its spellings a server takes which, `egress/budget/output-cap.ts` knows. */
export interface OutputCap extends Span {
  readonly name: OutputCapName;
  /** undefined: null stands there. */
  readonly tokens: number | undefined;
}

export const outputCapNames = [
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'max_tokens_to_sample',
  'generationConfig.maxOutputTokens',
  'inferenceConfig.maxTokens',
] as const;
export type OutputCapName = (typeof outputCapNames)[number];

export interface ObjectSpan extends Span {
  readonly kind: 'object';
  readonly empty: boolean;
}

export interface BodyRead {
  readonly kind: 'read';
  readonly format: 'json' | 'form-data' | 'unread';
  /** Undefined: the body names none. */
  readonly model: string | undefined;
  readonly stream: boolean | undefined;
  /** `stream_options.include_usage`. */
  readonly includeUsage: boolean | undefined;
  /** Answers asked for at once, each within the limit; undefined: the body names what is no number of answers. */
  readonly choices: number | undefined;
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

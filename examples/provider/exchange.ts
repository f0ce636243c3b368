/**
 * What a provider's codec gets and gives: plain values, no sockets. Apart so that each vendor's file is a pure function
 * of a request and the tests can read what was received.
 */
import type { Usage } from './answer.ts';

export interface ProviderRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** As it came: with the query, escapes untouched. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed body; undefined when there is none or it is not JSON. */
  readonly json: unknown;
  /** SHA-256 of the body in hex. */
  readonly bodyDigest: string;
  /** Same for the same request: ids are made from it. */
  readonly seed: string;
  /** How often this very request came before. */
  readonly repeated: number;
  /** Unix seconds. */
  readonly created: number;
}

/** How the answer is sent. */
export interface Pace {
  /** Wait before the answer's head. */
  readonly delayMs?: number;
  /** Wait for this before the answer's head: for as long as its owner likes. */
  readonly until?: Promise<void>;
  /** Wait between chunks. */
  readonly chunkDelayMs?: number;
  /** Cut the connection after so many chunks of the body. */
  readonly abortAfterChunks?: number;
}

export interface ProviderReply {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent one by one; a plain answer is one. */
  readonly chunks: ReadonlyArray<string | Uint8Array>;
  readonly pace?: Pace;
  /** The usage it tells to the end. */
  readonly told?: Usage;
}

/** One vendor: its hosts, its key, its answers. */
export interface ProviderCodec {
  /** Names of certificates: a wildcard stands for one label. */
  readonly hosts: readonly string[];
  /** The key as this vendor's clients send it; undefined: none sent. */
  presentedKey(request: ProviderRequest): string | undefined;
  /** Where keys sign instead of being sent: whether `key` made the request's signature. */
  isSignedBy?(request: ProviderRequest, key: string): boolean;
  /** The vendor's refusal of a wrong or absent key. */
  refuseKey(request: ProviderRequest, presented: string | undefined): ProviderReply;
  /** An error in the vendor's schema (injected faults, unreadable bodies). */
  fail(status: number, message: string, request: ProviderRequest): ProviderReply;
  answer(request: ProviderRequest): ProviderReply;
}

/** What arrived, for tests: the stand-in is where "the upstream received the real key" is seen. */
export interface Exchange {
  readonly provider: 'openai' | 'anthropic' | 'google' | 'bedrock' | 'azure-openai' | 'unknown';
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  /** The first 64 KiB. */
  readonly body: string;
  readonly status: number;
  /** The usage that the answer told. */
  readonly told: Usage | undefined;
  /** `aborted`: the client left before the end of the answer. */
  readonly end: 'pending' | 'whole' | 'aborted';
}

export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ProviderReply {
  return { status, contentType: 'application/json', headers, chunks: [JSON.stringify(value)] };
}

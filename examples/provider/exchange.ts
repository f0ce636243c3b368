/**
 * What a provider's codec gets and gives: plain values, no sockets. Apart so that each vendor's file is a pure function
 * of a request and the tests can read what was received.
 */
export interface ProviderRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed body; undefined when there is none or it is not JSON. */
  readonly json: unknown;
  /** Same for the same request: ids are made from it. */
  readonly seed: string;
  /** Unix seconds. */
  readonly created: number;
}

export interface ProviderReply {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent one by one; a plain answer is one. */
  readonly chunks: readonly string[];
}

/** One vendor: its hosts, its key, its answers. */
export interface ProviderCodec {
  readonly hosts: readonly string[];
  /** The key as this vendor's clients send it; undefined: none sent. */
  presentedKey(request: ProviderRequest): string | undefined;
  /** The vendor's refusal of a wrong or absent key. */
  refuseKey(request: ProviderRequest, presented: string | undefined): ProviderReply;
  /** An error in the vendor's schema (injected faults, unreadable bodies). */
  fail(status: number, message: string, request: ProviderRequest): ProviderReply;
  answer(request: ProviderRequest): ProviderReply;
}

/** What arrived, for tests: the stand-in is where "the upstream received the real key" is seen. */
export interface Exchange {
  readonly provider: 'openai' | 'anthropic' | 'google' | 'unknown';
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  /** The first 64 KiB. */
  readonly body: string;
  readonly status: number;
}

export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ProviderReply {
  return { status, contentType: 'application/json', headers, chunks: [JSON.stringify(value)] };
}

export function streamReply(chunks: readonly string[]): ProviderReply {
  return {
    status: 200,
    contentType: 'text/event-stream; charset=utf-8',
    headers: { 'cache-control': 'no-cache' },
    chunks,
  };
}

/** A server-sent event; `event` only where the vendor names them. */
export function renderEvent(data: unknown, event?: string): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return `${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

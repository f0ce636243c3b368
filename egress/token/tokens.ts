/**
 * The tokens of a gateway's policies: each asked for once for all calls that wait for it, kept until it expires, renewed ahead of that. A
 * token is found by all that it follows from: the policy, its keys, its endpoint, and what the gateway trusts and pins. What a new document
 * does not have any more is forgotten with it. Nothing here is logged.
 */
import { digestOfDocument, type GatewayConfig, type TokenInjection } from '../../contract/index.ts';
import { withToken, type Injection, type TokenNeed } from '../../decision/index.ts';
import { Boundary } from '../boundary.ts';
import type { Snapshot } from '../snapshot.ts';
import { Dialler } from '../upstream/dialler.ts';
import type { Lookup } from '../upstream/resolver.ts';
import type { TokenAnswer } from './token-answer.ts';
import { TokenClient } from './token-client.ts';
import { createTokenRequest } from './token-request.ts';
import {
  answered,
  asked,
  computeUse,
  failed,
  noToken,
  refusedThere,
  type TokenFault,
  type TokenState,
} from './token-state.ts';

export type TokenResult =
  | { readonly kind: 'ready'; readonly injection: Injection }
  | { readonly kind: 'failed'; readonly fault: TokenFault; readonly retryMs: number };

/** Asks an endpoint once. */
export type AskToken = (
  need: TokenNeed,
  unixMs: number,
  refreshToken: string | undefined,
  done: (answer: TokenAnswer) => void,
) => void;

/** As an exchange sees them. */
export interface TokenSource {
  /** The call's secrets with the token; undefined: it must be waited for. */
  ready(injection: Injection, need: TokenNeed): TokenResult | undefined;
  /** Calls `done` once, not from within, when `ready` can say; the result takes it off before. */
  wait(need: TokenNeed, done: () => void): () => void;
  /** The server refused the token of these secrets. */
  refused(injection: Injection): void;
}

interface Entry {
  readonly ask: AskToken;
  state: TokenState;
  /** That the server gave in place of the Secret's; this process alone knows it. */
  refreshToken: string | undefined;
  readonly waiting: Set<() => void>;
}

interface Ready {
  readonly token: string;
  readonly injection: Injection;
}

export interface TokensOptions {
  readonly now: () => number;
  readonly unixMs: () => number;
  /** Asks as this document says endpoints are reached. */
  readonly askBy: (snapshot: Snapshot) => AskToken;
}

/** What decides of a gateway how an endpoint is reached. */
function reaching({ upstream, destinations, gateway }: GatewayConfig): object {
  return { upstream, platform: destinations.platformCidrs, gateway: gateway.namespace };
}

const outlived: TokenFault = {
  code: 'Malformed',
  message: 'the token endpoint gave a token that had expired when it came',
};

const keyUnusable: TokenAnswer = {
  kind: 'fault',
  fault: {
    code: 'KeyUnusable',
    message: 'the private key of the service account is no RSA key of 2048 to 4096 bits',
  },
};

/** Over the network, by a dialler of its own. */
export function askOverNetwork(
  lookup: Lookup,
  now: () => number,
  onBroken: (error: unknown) => void,
): TokensOptions['askBy'] {
  return (snapshot) => {
    const dialler = new Dialler(snapshot, lookup, onBroken);
    const client = new TokenClient({ dial: (to, how) => dialler.dialOwn(to, how), now, onBroken });
    return (need, unixMs, refreshToken, done) => {
      const request = createTokenRequest(need.inject, unixMs, refreshToken);
      const boundary = new Boundary(() => undefined, onBroken);
      if (request === undefined) setImmediate(boundary.guard(() => done(keyUnusable)));
      else client.ask(need, request, done);
    };
  };
}

export class Tokens implements TokenSource {
  readonly #options: TokensOptions;
  #entries = new Map<string, Entry>();
  /** By the object of the document that it is for: a document has each once. */
  #byInject = new WeakMap<TokenInjection, Entry>();
  #ready = new WeakMap<Injection, Ready>();
  #sentWith = new WeakMap<Injection, { readonly entry: Entry; readonly token: string }>();

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /** As this document says from now on. What it has from before is kept, everything else is forgotten. */
  use(snapshot: Snapshot): void {
    const { config } = snapshot;
    const how = reaching(config);
    const before = this.#entries;
    this.#entries = new Map();
    let ask: AskToken | undefined;
    for (const { policy, inject } of config.credentials) {
      if (inject.type !== 'Token') continue;
      const key = digestOfDocument({ policy, inject, how });
      const known = this.#entries.get(key) ?? before.get(key);
      ask ??= known === undefined ? this.#options.askBy(snapshot) : undefined;
      const entry = known ?? this.#create(ask ?? this.#options.askBy(snapshot));
      this.#entries.set(key, entry);
      this.#byInject.set(inject, entry);
    }
  }

  #create(ask: AskToken): Entry {
    return { ask, state: noToken, refreshToken: undefined, waiting: new Set() };
  }

  /** How many tokens are kept or asked for. */
  get size(): number {
    return this.#entries.size;
  }

  ready(injection: Injection, need: TokenNeed): TokenResult | undefined {
    const entry = this.#entryOf(need.inject);
    const use = computeUse(entry.state, this.#options.now());
    if (use.kind !== 'fail' && use.ask) this.#ask(entry, need);
    return use.kind === 'wait' ? undefined : this.#resultOf(entry, injection, use);
  }

  wait({ inject }: TokenNeed, done: () => void): () => void {
    const { waiting } = this.#entryOf(inject);
    waiting.add(done);
    return () => waiting.delete(done);
  }

  refused(injection: Injection): void {
    const sent = this.#sentWith.get(injection);
    if (sent === undefined) return;
    sent.entry.state = refusedThere(sent.entry.state, sent.token, this.#options.now());
  }

  #entryOf(inject: TokenInjection): Entry {
    const entry = this.#byInject.get(inject);
    if (entry === undefined) throw new Error('a need is of a document that is in use');
    return entry;
  }

  #resultOf(
    entry: Entry,
    injection: Injection,
    use: Exclude<ReturnType<typeof computeUse>, { kind: 'wait' }>,
  ): TokenResult {
    if (use.kind === 'fail') return { kind: 'failed', fault: use.fault, retryMs: use.retryMs };
    const { token } = use;
    const known = this.#ready.get(injection);
    if (known?.token === token) return { kind: 'ready', injection: known.injection };
    const made = withToken(injection, token, entry.refreshToken);
    this.#ready.set(injection, { token, injection: made });
    this.#sentWith.set(made, { entry, token });
    return { kind: 'ready', injection: made };
  }

  #ask(entry: Entry, need: TokenNeed): void {
    const { now, unixMs } = this.#options;
    const askedAt = now();
    entry.state = asked(entry.state);
    entry.ask(need, unixMs(), entry.refreshToken, (answer) => {
      entry.state = this.#next(entry, answer, askedAt);
      const waiting = [...entry.waiting];
      entry.waiting.clear();
      for (const tell of waiting) tell();
    });
  }

  #next(entry: Entry, answer: TokenAnswer, askedAt: number): TokenState {
    const now = this.#options.now();
    if (answer.kind === 'fault') return failed(entry.state, answer.fault, now);
    entry.refreshToken = answer.refreshToken ?? entry.refreshToken;
    const next = answered(answer.token, answer.lifeMs, askedAt);
    return computeUse(next, now).kind === 'token' ? next : failed(entry.state, outlived, now);
  }
}

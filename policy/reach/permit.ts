/**
 * The words reach is told in. A permit is exactly a set of calls at one place and one way for them to go; what no permit takes
 * is refused. Plain data: test/policy/reach reads it with an evaluator of its own and holds it to what the gateway does.
 */
import type { CountScope, HeaderEdit, HttpMatch, LoggingRule, SecretSource } from '../../contract/index.ts';
import type { ReachProtocol } from './spot.ts';

/** Empty lists: every one. Models are known only of calls that the API's operations name one of. */
export interface CallScope {
  readonly models: readonly string[];
  readonly endpoints: readonly string[];
}

/**
 * Calls by what HTTP says of them, as an EgressHTTPRoute writes it: by one of the methods, at the path, with each parameter and
 * field exactly once, with a body (if there is one) of one of the types and not too long. To allow, what can be read in two
 * ways is no such call; to deny, it is one, and case, a slash at the end and HEAD for GET count for nothing.
 */
export type HttpScope = HttpMatch;

/** Calls that fit any of `matches`, read as calls of `api`, or any of `http`. */
export interface Calls {
  /** Absent: no API we know, so no call names a model. */
  readonly api?: string;
  readonly matches: readonly CallScope[];
  /** Absent: the rule is one about models and endpoints. */
  readonly http?: readonly HttpScope[];
}

/**
 * Calls an EgressDenyPolicy refuses: compared without case, and also what may be one of them (no known model, a path read in
 * two ways).
 */
export interface DeniedCalls extends Calls {
  /** `ns/name` */
  readonly policy: string;
}

/** Messages that fit any of `matches`. */
export interface ToolScope {
  readonly tools: readonly string[];
  readonly toolsRegex: readonly string[];
  readonly resources: readonly string[];
  readonly methods: readonly string[];
}

export interface DeniedTools {
  readonly policy: string;
  readonly matches: readonly ToolScope[];
}

/** What is kept of a call. */
export type KeptRecord = Omit<LoggingRule, 'sinks'>;

/** So many calls, and no more. Those with the same account share the count. */
export interface CountedCalls {
  readonly calls: number;
  /** In each window of so many milliseconds; absent: in each execution. */
  readonly windowMs?: number;
  /** Who has a count of its own; `PerRoute`, `PerGateway`: nobody. */
  readonly scope: CountScope;
  readonly account: string;
}

/** Calls of these tools, compared without case; both lists empty: of every tool. */
export interface CountedTools {
  readonly tools: readonly string[];
  readonly toolsRegex: readonly string[];
  readonly limit: CountedCalls;
}

/** Calls of these tools, compared without case, pass only where the expression holds (`Allow`) or does not (`Deny`); both lists empty: of every tool. */
export interface AskedArguments {
  readonly tools: readonly string[];
  readonly toolsRegex: readonly string[];
  readonly action: 'Allow' | 'Deny';
  /** CEL over `arguments`. */
  readonly expression: string;
}

/** What a rule that took the call of a tool lets through of it. */
export interface ToolLimit {
  readonly allowedTools: readonly string[];
  readonly allowedToolsRegex: readonly string[];
  readonly deniedTools: readonly string[];
  readonly deniedToolsRegex: readonly string[];
  /** A person decides about each call of one, made in a request of its own. */
  readonly confirmedTools: readonly string[];
  /** All that are about a tool hold at once. */
  readonly asked: readonly AskedArguments[];
  /** Refused: where they are counted is not known, or a rule over their arguments cannot be read. */
  readonly uncountedTools: readonly string[];
  readonly uncountedToolsRegex: readonly string[];
  /** All that are about a tool hold at once. */
  readonly counted: readonly CountedTools[];
}

/** The first rule whose `matches` fit a message judges it. */
export interface ToolRule {
  readonly matches: readonly ToolScope[];
  readonly limits: readonly ToolLimit[];
  /** The gateway cannot carry the rule out: what it takes is refused. */
  readonly refused: boolean;
  /** What it takes goes another way than that of the permit, and with nothing that goes that. */
  readonly elsewhere?: true;
  /** Of each message it takes; empty: as many as there are. */
  readonly counted: readonly CountedCalls[];
  readonly logging?: KeptRecord;
  /** Sinks that get a copy of the record of a call with such a message. Absent: there are none. */
  readonly copies?: readonly RecordCopy[];
}

/** Every request is JSON-RPC of MCP, or has no body and a method that needs none; each of its messages must pass. */
export interface ToolCalls {
  readonly denied: readonly DeniedTools[];
  readonly rules: readonly ToolRule[];
  /** Messages no rule takes pass; otherwise only those that every session needs. */
  readonly othersPass: boolean;
  /** What no rule takes, and what holds no message, goes another way than that of the permit. */
  readonly othersElsewhere?: true;
  /** What the servers may not ask of the agent. */
  readonly deniedRequests: readonly string[];
}

export interface Credential {
  /** CredentialInjectionPolicy `ns/name`. */
  readonly policy: string;
  readonly place: 'header' | 'query' | 'signature' | 'token';
  readonly name: string;
  readonly secret?: SecretSource;
}

/** So many tokens, and no more. */
export type TokenUse = {
  readonly tokens: number;
  /** Those with the same one share the count. */
  readonly account: string;
} & (
  | { readonly period: 'day' | 'execution' }
  | { readonly period: 'window'; readonly windowMs: number; readonly scope: CountScope }
);

/**
 * What its calls may use, all of it at once. Only calls that can be counted pass: inference with a body that can be read, which is
 * counted, and what uses no tokens, which is not.
 */
export interface CountedUse {
  readonly limits: readonly TokenUse[];
  /** In money, where calls of which nobody knows the price are refused; absent: none. */
  readonly costs?: ReadonlyArray<{
    readonly nanoUsd: number;
    readonly period: 'day' | 'execution';
    readonly account: string;
  }>;
  readonly maxOutputTokens?: number;
}

/** What becomes of a call on its way. */
export interface Way {
  /** The Backend it is sent to; absent: to where the agent sent it. */
  readonly backend?: {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    /** Of `of`, among the ways of one rule; 1 of 1 where they are tried in order. */
    readonly weight: number;
    readonly of: number;
    /** Which one it is of those that are tried one after the other, from 1; absent: it is the only one a call is sent to. */
    readonly turn?: { readonly place: number; readonly of: number };
    /** The first that fits counts. A path cannot be changed: calls that name such a model there are not in the permit. */
    readonly renames: ReadonlyArray<{ readonly from: string; readonly to: string }>;
    readonly asksUsage: boolean;
    /** It has no TLS, and what the agent brings as a credential over TLS is left out. Absent: it is spoken to as the agent speaks, or by TLS. */
    readonly plain?: true;
    /** It speaks another API, and calls are translated into that of this schema; absent: they go as they are. */
    readonly as?: string;
  };
  /** The place of a Backend at which it is dialled: name and certificate stay those the agent asked for. Absent: where they are. */
  readonly via?: {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    /** Of `of`, among the ways of one rule. */
    readonly weight: number;
    readonly of: number;
  };
  /** Addresses its host is pinned to; absent: whatever public address it resolves to. */
  readonly pinned?: readonly string[];
  readonly credentials: readonly Credential[];
  /** A person decides about each call. */
  readonly asksPerson?: true;
  /** It passes by the gateway's audit alone, and is recorded as what would be denied. */
  readonly audited?: true;
  /** What changes in the head of its calls and of their answers. */
  readonly headers?: HeaderEdit;
  readonly budget?: CountedUse;
  /** Of its calls, or of connections whose bytes nobody reads, all at once; absent: as many as there are. Messages that a rule of `mcp` counts under the same account are not counted again. */
  readonly limits?: readonly CountedCalls[];
  readonly logging?: KeptRecord;
  /** Sinks that get a copy of the record of each. Absent: there are none. */
  readonly copies?: readonly RecordCopy[];
}

export interface Permit {
  /** Absent: calls that no rule takes. */
  readonly taken?: Calls;
  /** In order: what one of these takes is not here, nor what one of them may take and nobody can tell. */
  readonly earlier: readonly Calls[];
  readonly denied: readonly DeniedCalls[];
  /** Judged by the model its Backend is asked for: that of the API of `taken`, as the first of `renames` that fits it says. */
  readonly deniedThere: readonly DeniedCalls[];
  readonly mcp?: ToolCalls;
  /** Only paths that everybody reads in one way. */
  readonly plainPaths: boolean;
  /** Only operations of the API of `taken` that name a model, and no sockets: of all others the first Backend gets each. */
  readonly modelCalls?: true;
  /** Only conversations of the API of `taken`, with a body, which can be translated; `deniedThere` judges them as they arrive. */
  readonly chatCalls?: true;
  readonly way: Way;
}

/** Who gets a copy of a record besides the platform's store, and by which headers. */
export interface RecordCopy {
  readonly endpoint: string;
  readonly headers: ReadonlyArray<
    { readonly name: string } & ({ readonly fingerprint: string } | { readonly secret: SecretSource })
  >;
}

/** What a gateway does to every call. */
export interface GatewayManner {
  /** Trusted beside the system's authorities; absent: nothing is. */
  readonly trust?: string;
  /** Bytes of a body kept in a record, of these content types. */
  readonly capture: { readonly maxBytes: number; readonly contentTypes: readonly string[] };
  /** Absent: nobody does. */
  readonly copy?: RecordCopy;
  readonly timeoutMs: number;
}

export interface Access {
  readonly protocol: ReachProtocol;
  /** `ns/name` */
  readonly gateway: string;
  /** `Kind/ns/name` of the route that opened it; absent: the gateway's allow-all. */
  readonly route?: string;
  readonly manner: GatewayManner;
  /** None of them takes a call of another, except what a rule sends to several Backends by weight. Never empty. */
  readonly permits: readonly Permit[];
}

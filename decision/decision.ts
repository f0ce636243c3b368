/** What is decided about one call, with everything that follows from it. Types only. */
import type { HeaderEdit, LoggingRule, RouteFallback } from '../contract/index.ts';
import type { Ask } from './approval.ts';
import type { WouldDeny } from './audit.ts';
import type { BodyNeed } from './body-need.ts';
import type { Budget } from './budget.ts';
import type { CallCount } from './call-limit.ts';
import type { Refusal, UpstreamTarget } from './call.ts';
import type { Injection } from './credential.ts';
import type { McpAnswers } from './mcp/answers.ts';
import type { McpFacts } from './mcp/judge.ts';
import type { Operation } from './operation/index.ts';
import type { Opener } from './opener.ts';
import type { Way } from './provider-clause.ts';
import type { SocketReading } from './socket-reading.ts';
import type { Translation } from './translation.ts';

/** Where a call may be sent, and as what. */
export interface Candidate {
  readonly target: UpstreamTarget;
  readonly backend: Way['backend'];
  /** undefined: it goes as the agent wrote it. */
  readonly translation: Translation | undefined;
  /** undefined: no secret goes on it. */
  readonly injection: Injection | undefined;
}

export interface Common {
  /** The rule that took it. */
  readonly route: Opener | undefined;
  /** The API it is read as: a provider or a Backend's schema. */
  readonly schema: string | undefined;
  readonly operation: Operation | undefined;
  /** undefined: it names none, or nobody knows. */
  readonly model: string | undefined;
  readonly mcp: McpFacts | undefined;
  readonly logging: LoggingRule | undefined;
}

export type Decision =
  | { readonly kind: 'need-body'; readonly need: BodyNeed }
  | (Common & { readonly kind: 'refuse'; readonly refusal: Refusal; readonly credentialPolicy?: string })
  | AllowDecision
  /** It would be allowed, and a person decides about it first: nothing goes before. */
  | (Common & { readonly kind: 'ask'; readonly ask: Ask; readonly allowed: AllowDecision });

export interface AllowDecision extends Common {
  readonly kind: 'allow';
  /** In the order to try them; there is always one. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
  /** What it may use; undefined: nothing counts it. */
  readonly budget: Budget | undefined;
  /** The limits it is under, and as how many calls; each account once. */
  readonly counts: readonly CallCount[];
  /** The longest body that may go; undefined: any. */
  readonly maxBodyBytes: number | undefined;
  /** It passes by the gateway's audit alone; undefined: by a route, or by allow-all. */
  readonly wouldDeny: WouldDeny | undefined;
  /** What its rule changes in its head and in its answer's; undefined: nothing. */
  readonly headers: HeaderEdit | undefined;
  /** What passes in it is told apart by message; undefined: it is no socket of an API we know. */
  readonly messages: SocketReading | undefined;
  /** After what the next candidate is tried; undefined: there is none. */
  readonly fallback: RouteFallback | undefined;
  /** What of an MCP server's answers the agent may see; undefined: they go on as they come. */
  readonly answers: McpAnswers | undefined;
}

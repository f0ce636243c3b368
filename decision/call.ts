/**
 * What a decision sees of a call, and how it refuses one. Plain data: no sockets, no secrets, no bytes of a body. A part
 * of the body that has not been read is told as unread, never as absent.
 */
import type { ApprovalAnswer, DenyAnswer, DenyReason, Hostname } from '../contract/index.ts';
import type { RequestHead } from './request-head.ts';
import type { RpcClaim } from './rpc-claim.ts';
import type { RpcBody } from './rpc-message.ts';

/** Where an agent's connection goes, as a policy sees it. */
export interface Site {
  /** `TaskAgent/ns/name`. */
  readonly agent: string;
  /** The name the worker handed out; undefined: the agent dialled an IP literal. */
  readonly hostname: Hostname | undefined;
  /** The literal; undefined where there is a name. */
  readonly ip: string | undefined;
  readonly port: number;
  /** The agent speaks TLS, which the gateway terminates. */
  readonly tls: boolean;
}

/** The place of a Backend that says nothing of names: an address, or what a name stands for. */
export interface DialPlace {
  readonly hostname: Hostname | undefined;
  /** Only where there is no name. */
  readonly ip: string | undefined;
  readonly port: number;
}

/** Where a call is sent. */
export interface UpstreamTarget {
  readonly hostname: Hostname | undefined;
  /** Only for an IP literal. */
  readonly ip: string | undefined;
  readonly port: number;
  readonly tls: boolean;
  /** A Backend's own word that it has no TLS: dialled at private addresses alone, and spoken to in HTTP/1.1. Absent: nobody said so. */
  readonly plain?: true;
  /** Where it is dialled instead; who is spoken to there, and who must prove to be it, stays the target. Absent: at the target. */
  readonly via?: DialPlace;
}

/** What is known of a request's body. */
export type CallBody =
  | { readonly kind: 'unread' }
  /** There is none. */
  | { readonly kind: 'none' }
  /** Here as a whole, and nothing was read of it. */
  | { readonly kind: 'held' }
  /** Read as an inference request; `model` undefined: it names none. */
  | { readonly kind: 'inference'; readonly model: string | undefined }
  | { readonly kind: 'rpc'; readonly rpc: RpcBody }
  /** It cannot be read in one way only. */
  | { readonly kind: 'unreadable'; readonly refusal: Refusal };

export interface Call {
  readonly method: string;
  /** Without query, in its one canonical form (path.ts). */
  readonly path: string;
  /** Names of its query parameters, decoded. */
  readonly queryNames: readonly string[];
  /** What its header fields say of the JSON-RPC message in its body. */
  readonly claims: readonly RpcClaim[];
  readonly head: RequestHead;
  /** It asks for another protocol (WebSocket). */
  readonly upgrade: boolean;
  /** It is a message in a WebSocket that was asked for so, and `body` is what the message says. */
  readonly message?: true;
  /** It goes on, with the input a server asked for, from a call that is counted under these accounts; absent: from none. */
  readonly continued?: ReadonlySet<string> | undefined;
  /** Calls of one invocation go to one backend. */
  readonly invocationId: string;
  readonly body: CallBody;
  /** What persons decided of this very call, by the key of what was asked (approval.ts). */
  readonly approvals: ReadonlyMap<string, ApprovalAnswer>;
}

export const noApprovals: ReadonlyMap<string, ApprovalAnswer> = new Map();

export interface Refusal {
  readonly kind: 'refuse';
  readonly status: number;
  readonly reason: DenyReason;
  /** Stable code; absent: the usual one of the reason. */
  readonly code?: string;
  /** For the agent: what and what to do. */
  readonly message: string;
  /** The policy object that refused it, `ns/name`. */
  readonly policy?: string;
  /** JSON to answer with; absent: in the provider's schema. */
  readonly body?: string;
  readonly retryAfterSeconds?: number;
  /** Asking again, as SDKs do by themselves, is no use. */
  readonly final?: boolean;
}

export function refuse(status: number, reason: DenyReason, message: string): Refusal {
  return { kind: 'refuse', status, reason, message };
}

/** What an EgressDenyPolicy answers. */
export function denyAnswer(answer: DenyAnswer): Refusal {
  const { namespace, name } = answer.policy;
  const message = answer.message ?? 'an EgressDenyPolicy denies this call';
  return { ...refuse(answer.status, 'deny_policy', message), policy: `${namespace}/${name}` };
}

/**
 * The words reach is told in: at one destination an agent has accesses (one a protocol), an access has clauses (which
 * calls), a clause has outcomes (where to, with which credential and budget). Data, and what pins do to a host.
 */
import {
  denialOf,
  judgeAddress,
  type Hostname,
  type McpRoute,
  type ProviderBackend,
} from '../../contract/index.ts';
import type { AgentGateway } from './documents.ts';

/** HTTP and HTTPS are inspected; TLS passes through encrypted and TCP as raw bytes. */
export type ReachProtocol = 'HTTPS' | 'HTTP' | 'TLS' | 'TCP';

export interface Budget {
  readonly maxTokensPerExecution?: number;
  readonly maxTokensPerDay?: number;
  readonly maxOutputTokensPerRequest?: number;
  readonly budgetRef?: string;
}

export interface CallMatch {
  readonly models: readonly string[];
  readonly endpoints: readonly string[];
}

/**
 * What an EgressDenyPolicy takes from the calls that are sent on, judged as at their Backend: by the model it renames them
 * to (the first of `renames` that fits). As with a denied clause, what cannot be read is refused.
 */
export interface BackendDenial {
  readonly matches: readonly CallMatch[];
  readonly renames: ProviderBackend['modelRewrites'];
}

/** One way a call may go. */
export interface Outcome {
  /** The Backend it goes to instead of where the agent sent it. */
  readonly backend?: { readonly name: string; readonly host: string; readonly port: number };
  /** Addresses its host is pinned to; absent: whatever public address it resolves to. */
  readonly pinned?: readonly string[];
  /** CredentialInjectionPolicies `ns/name` whose secrets go on it. */
  readonly credentials: readonly string[];
  readonly budgets: readonly Budget[];
  /** Absent: none of these calls is denied where it is sent. */
  readonly denied?: BackendDenial;
  /** Why this version's gateway refuses these calls although the manifests allow them; absent: it lets them through. */
  readonly refused?: string;
}

/** Calls that fit any of `matches`. An empty list of globs is every call; models are known only of calls that name one. */
export interface Clause {
  readonly matches: readonly CallMatch[];
  /** An EgressDenyPolicy refuses them: also a call that names no model, or whose path reads in two ways. */
  readonly denied?: true;
  /** Empty: these calls are refused. */
  readonly outcomes: readonly Outcome[];
}

export interface McpAccess {
  readonly routes: readonly McpRoute[];
  /** All of them only deny, and the host is open without them: what they do not name passes. */
  readonly othersPass: boolean;
}

export interface Access {
  readonly protocol: ReachProtocol;
  /** `ns/name` */
  readonly gateway: string;
  /** `Kind/ns/name` of the route that opened it; absent: the gateway's allow-all. */
  readonly route?: string;
  /**
   * MCPRoutes that govern the host: every request is JSON-RPC and they must let it through too, before the clauses below
   * say where it goes. Absent: none.
   */
  readonly mcp?: McpAccess;
  /** In order; the first that fits a call takes it. */
  readonly clauses: readonly Clause[];
  /** What no clause takes; empty: refused. */
  readonly otherwise: readonly Outcome[];
}

export interface ReachDestination {
  readonly hostname?: Hostname;
  readonly ip?: string;
  readonly port: number;
}

/** Where a call ends up and how, before credentials. */
export interface Leg {
  readonly hostname: string | undefined;
  readonly tls: boolean;
}

export interface Site {
  readonly agent: string;
  readonly gateway: AgentGateway;
  readonly destination: ReachDestination;
  readonly route: string | undefined;
  /** The agent speaks TLS to the gateway. */
  readonly tls: boolean;
}

/** The pins of a host as an outcome has them; undefined: one of them may never be dialled, so the host is shut. */
export function pinsFor(
  { agent, gateway }: Pick<Site, 'agent' | 'gateway'>,
  hostname: string | undefined,
  port: number,
): Pick<Outcome, 'pinned'> | undefined {
  const pinned = hostname === undefined ? undefined : gateway.pins.get(hostname);
  if (pinned === undefined) return {};
  const policy = gateway.document.destinations;
  const mayBeDialled = (ip: string): boolean =>
    judgeAddress(policy, ip, true) === undefined && denialOf(policy, { agent, ip, port }) === undefined;
  return pinned.every(mayBeDialled) ? { pinned } : undefined;
}

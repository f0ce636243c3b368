/**
 * The Approvals of a namespace by gateway and agent, so that a question costs what is about it and not a look at all of them. Made
 * once for each list: the cache gives the very same one until an object of it changes. Pure.
 */
import { isLive } from '../compile/index.ts';
import type { Approval } from '../kind.ts';

/** Of one agent at one gateway. */
export interface OwnApprovals {
  /** Those somebody decided about, by the key of what was asked. */
  readonly decided: ReadonlyMap<string, readonly Approval[]>;
  /** Those nobody decided about, oldest first. */
  readonly ofAgent: readonly Approval[];
  /** How many wait at the gateway, of whichever agent. */
  readonly waiting: number;
}

interface OfAgent {
  readonly decided: Map<string, Approval[]>;
  readonly undecided: Approval[];
}

interface OfGateway {
  waiting: number;
  readonly agents: Map<string, OfAgent>;
}

/** Nobody decided, and its call may be there still. One without a status was made a moment ago. */
export function isWaiting({ spec, status }: Approval): boolean {
  return spec.decision === undefined && (status?.call ?? 'Waiting') === 'Waiting';
}

const indices = new WeakMap<readonly Approval[], ReadonlyMap<string, OfGateway>>();

function indexOf(approvals: readonly Approval[]): ReadonlyMap<string, OfGateway> {
  const known = indices.get(approvals);
  if (known !== undefined) return known;
  const index = new Map<string, OfGateway>();
  for (const approval of approvals) if (isLive(approval)) add(index, approval);
  for (const { agents } of index.values()) {
    for (const { undecided } of agents.values()) undecided.sort(byAge);
  }
  indices.set(approvals, index);
  return index;
}

function add(index: Map<string, OfGateway>, approval: Approval): void {
  const { request, decision } = approval.spec;
  const gateway = index.get(request.gateway) ?? { waiting: 0, agents: new Map<string, OfAgent>() };
  index.set(request.gateway, gateway);
  if (isWaiting(approval)) gateway.waiting += 1;
  const agent = gateway.agents.get(request.agent.uid) ?? {
    decided: new Map<string, Approval[]>(),
    undecided: [],
  };
  gateway.agents.set(request.agent.uid, agent);
  if (decision === undefined) agent.undecided.push(approval);
  else agent.decided.set(request.key, [...(agent.decided.get(request.key) ?? []), approval]);
}

function madeAt({ metadata }: Approval): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

const orderOf = ({ spec, metadata }: Approval): string => `${spec.request.expiresAt} ${metadata.name}`;

/** Oldest first. Of one second what ends first, and one order for ever: else two looks would name others to remove. */
function byAge(a: Approval, b: Approval): number {
  return madeAt(a) - madeAt(b) || (orderOf(a) < orderOf(b) ? -1 : 1);
}

/** `approvals`: all of a namespace, as the cache lists them. */
export function ownApprovals(
  approvals: readonly Approval[],
  gateway: string,
  agentUid: string,
): OwnApprovals {
  const ofGateway = indexOf(approvals).get(gateway);
  const agent = ofGateway?.agents.get(agentUid);
  return {
    decided: agent?.decided ?? new Map<string, readonly Approval[]>(),
    ofAgent: agent?.undecided ?? [],
    waiting: ofGateway?.waiting ?? 0,
  };
}

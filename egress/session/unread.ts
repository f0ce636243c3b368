/**
 * May the bytes of a connection pass unread? Pure. Apart because it is asked when a connection begins and again whenever the
 * policy changes, and both must be the same question (S36).
 */
import { chooseListener, computeAction, shapeOf, type Wire } from '../../contract/index.ts';
import {
  chooseRelay,
  judgeAnswers,
  refuse,
  type Refusal,
  type RelayWay,
  type UpstreamTarget,
} from '../../decision/index.ts';
import { openerOf, siteOf, type Peer } from '../pipeline/call.ts';
import type { Snapshot } from '../snapshot.ts';

/** A relay that runs. */
export interface Unread {
  readonly wire: Wire;
  /** `Kind/ns/name` that opened it; undefined: the gateway's allow-all. */
  readonly route: string | undefined;
  /** Where it goes; undefined: it is still being dialled. */
  readonly address: string | undefined;
}

/** Which way bytes that pass unread go; undefined: none. The same for all connections of an invocation. */
export function relayWayOf({ plans }: Snapshot, peer: Peer): RelayWay | undefined {
  const plan = plans.at(siteOf(peer, false));
  return plan.kind === 'shut' ? undefined : chooseRelay(plan.relayWays, peer.invocationId);
}

/** Would the new policy have dialled it there? */
export function isDialledThere(snapshot: Snapshot, peer: Peer, target: UpstreamTarget): boolean {
  return JSON.stringify(relayWayOf(snapshot, peer)?.target) === JSON.stringify(target);
}

/** Why not; undefined: they may. Only an L4 rule (or allow-all) opens a destination to bytes nobody can read. */
export function judgeUnread({ config, plans }: Snapshot, peer: Peer, wire: Wire): Refusal | undefined {
  const listener = chooseListener(config.listeners, peer.port);
  const action = listener === undefined ? 'refuse' : computeAction(shapeOf(listener), wire);
  if (action !== 'relay' && action !== 'passthrough') {
    return refuse(403, 'protocol', 'no listener of the gateway lets bytes pass that are not HTTP');
  }
  const plan = plans.at(siteOf(peer, false));
  if (plan.kind === 'shut') return plan.refusal;
  return plan.relayRefusal ?? chooseRelay(plan.relayWays, peer.invocationId).refusal;
}

/** Would the new policy have opened it just so? */
export function mayGoOn(snapshot: Snapshot, peer: Peer, relay: Unread): boolean {
  const plan = snapshot.plans.at(siteOf(peer, false));
  if (plan.kind === 'shut' || openerOf(plan) !== relay.route) return false;
  if (judgeUnread(snapshot, peer, relay.wire) !== undefined) return false;
  const target = relayWayOf(snapshot, peer)?.target;
  if (target === undefined || relay.address === undefined) return true;
  return mayStandAt(snapshot, { agentId: peer.agentId, target, address: relay.address });
}

/** May what goes to the target be at this address? */
function mayStandAt(
  { plans, config }: Snapshot,
  { agentId, target, address }: { agentId: string; target: UpstreamTarget; address: string },
): boolean {
  const { hostname, port } = target.via ?? target;
  // A literal that is dialled as it is was judged by its plan.
  if (hostname === undefined && target.via === undefined) return true;
  const pinned = hostname === undefined ? undefined : plans.index.pins.get(hostname);
  if (pinned !== undefined && !pinned.includes(address)) return false;
  return judgeAnswers(config.destinations, { agentId, port, pinned }, [address]).kind === 'addresses';
}

/** May its server speak first, before anybody knows what the agent does? */
export function mayGreet(snapshot: Snapshot | undefined, peer: Peer): boolean {
  return snapshot !== undefined && judgeUnread(snapshot, peer, 'raw') === undefined;
}

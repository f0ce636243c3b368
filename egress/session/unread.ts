/**
 * May the bytes of a connection pass unread? Pure. Apart because it is asked when a connection begins and again whenever the
 * policy changes, and both must be the same question (S36).
 */
import { chooseListener, computeAction, shapeOf, type Wire } from '../../contract/index.ts';
import { judgeAnswers, refuse, type Refusal } from '../../decision/index.ts';
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

/** Why not; undefined: they may. Only an L4 rule (or allow-all) opens a destination to bytes nobody can read. */
export function judgeUnread({ config, plans }: Snapshot, peer: Peer, wire: Wire): Refusal | undefined {
  const listener = chooseListener(config.listeners, peer.port);
  const action = listener === undefined ? 'refuse' : computeAction(shapeOf(listener), wire);
  if (action !== 'relay' && action !== 'passthrough') {
    return refuse(403, 'protocol', 'no listener of the gateway lets bytes pass that are not HTTP');
  }
  const plan = plans.at(siteOf(peer, false));
  return plan.kind === 'shut' ? plan.refusal : plan.relayRefusal;
}

/** Would the new policy have opened it just so? */
export function mayGoOn(snapshot: Snapshot, peer: Peer, relay: Unread): boolean {
  const plan = snapshot.plans.at(siteOf(peer, false));
  if (plan.kind === 'shut' || openerOf(plan) !== relay.route) return false;
  if (judgeUnread(snapshot, peer, relay.wire) !== undefined) return false;
  const { agentId, hostname, port } = peer;
  if (hostname === undefined || relay.address === undefined) return true;
  const pinned = snapshot.plans.index.pins.get(hostname);
  if (pinned !== undefined && !pinned.includes(relay.address)) return false;
  const { destinations } = snapshot.config;
  return (
    judgeAnswers(destinations, { agentId, hostname, port, pinned }, [relay.address]).kind === 'addresses'
  );
}

/** May its server speak first, before anybody knows what the agent does? */
export function mayGreet(snapshot: Snapshot | undefined, peer: Peer): boolean {
  return snapshot !== undefined && judgeUnread(snapshot, peer, 'raw') === undefined;
}

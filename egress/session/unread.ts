/**
 * May the bytes of a connection pass unread? Pure. Apart because it is asked when a connection begins and again whenever the
 * policy changes, and both must be the same question (S36).
 */
import { chooseListener, computeAction, shapeOf, type Wire } from '../../contract/index.ts';
import type { Peer, Refusal } from '../pipeline/call.ts';
import { refuse } from '../pipeline/call.ts';
import { judgeRelay } from '../pipeline/deny.ts';
import { judgeAnswers } from '../pipeline/dial.ts';
import { openedOtherwise, routePeer } from '../pipeline/route.ts';
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
export function judgeUnread({ config }: Snapshot, peer: Peer, wire: Wire): Refusal | undefined {
  const listener = chooseListener(config.listeners, peer.port);
  const action = listener === undefined ? 'refuse' : computeAction(shapeOf(listener), wire);
  if ((action !== 'relay' && action !== 'passthrough') || !openedOtherwise(config.destinations, peer)) {
    return refuse(403, 'protocol', 'no route opens this destination to bytes that are not HTTP');
  }
  return judgeRelay(config, peer);
}

/** Would the new policy have opened it just so? */
export function mayGoOn(snapshot: Snapshot, peer: Peer, relay: Unread): boolean {
  const { destinations } = snapshot.config;
  const open = routePeer(destinations, peer);
  if ('kind' in open || open.rule?.route !== relay.route) return false;
  if (judgeUnread(snapshot, peer, relay.wire) !== undefined) return false;
  const { agentId, hostname, port } = peer;
  if (hostname === undefined || relay.address === undefined) return true;
  const pinned = snapshot.aliases.get(hostname);
  if (pinned !== undefined && !pinned.includes(relay.address)) return false;
  return (
    judgeAnswers(destinations, { agentId, hostname, port, pinned }, [relay.address]).kind === 'addresses'
  );
}

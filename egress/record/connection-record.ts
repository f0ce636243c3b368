/** A connection that was refused, failed before HTTP, or was relayed as bytes, as it is recorded. Pure. */
import { attribute, type DenyReason, type spanName } from '../../contract/index.ts';
import type { WouldDeny } from '../../decision/index.ts';
import type { Peer } from '../pipeline/call.ts';
import { AttributeList } from './attribute-list.ts';
import { putAudit, verdictOf } from './audit-attributes.ts';
import { putPeer } from './peer-attributes.ts';
import { createSimpleRecord, type SpanLog, type SpanRecord } from './span-record.ts';

export interface ConnectionFacts {
  readonly name: (typeof spanName)['tcp' | 'dialDenied' | 'dialFailed'];
  readonly peer: Peer;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly digest: string;
  readonly route: string | undefined;
  readonly denyReason: DenyReason | undefined;
  readonly denyPolicy?: string | undefined;
  /** It passed by the gateway's audit alone. */
  readonly wouldDeny?: WouldDeny | undefined;
  readonly error: string | undefined;
  readonly bytes: { readonly up: number; readonly down: number } | undefined;
  /** Who gets a copy. */
  readonly sinks?: readonly string[] | undefined;
}

export function computeConnectionRecord(connection: ConnectionFacts): SpanRecord {
  const { peer, bytes, startedAt, endedAt, denyReason, error } = connection;
  const denied = denyReason !== undefined;
  const attributes = new AttributeList();
  putPeer(attributes, peer);
  attributes.put(attribute.destinationAddress, peer.ip);
  attributes.put(attribute.destinationName, peer.hostname);
  attributes.put(attribute.decision, verdictOf(denied, connection.wouldDeny));
  attributes.put(attribute.decisionRoute, connection.route);
  attributes.put(attribute.policyDigest, connection.digest);
  putAudit(attributes, denied ? undefined : connection.wouldDeny);
  attributes.put(attribute.denyReason, denyReason);
  attributes.put(attribute.denyPolicy, connection.denyPolicy);
  attributes.put(attribute.failureReason, denied ? undefined : error);
  attributes.put(attribute.errorType, denyReason ?? error);
  attributes.put(attribute.l4BytesUpstream, bytes?.up);
  attributes.put(attribute.l4BytesDownstream, bytes?.down);
  attributes.put(attribute.durationMs, endedAt - startedAt);
  return createSimpleRecord({
    name: connection.name,
    start: startedAt,
    end: endedAt,
    traceparent: peer.traceparent,
    agentId: peer.agentId,
    refused: denied,
    sinks: connection.sinks,
    attributes,
    errorMessage: denyReason ?? error,
    log: connectionLog(denied, error),
  });
}

function connectionLog(denied: boolean, error: string | undefined): SpanLog {
  if (denied) return { severity: 'WARN', body: 'egress connection denied' };
  if (error !== undefined) return { severity: 'WARN', body: 'egress connection failed' };
  return { severity: 'INFO', body: 'egress connection' };
}

/** Who it was and where to: the attributes that every record of a connection begins with. Pure. */
import { attribute } from '../../contract/index.ts';
import type { Peer } from '../pipeline/call.ts';
import type { AttributeSink } from './attribute-list.ts';

export function putPeer(sink: AttributeSink, peer: Peer): void {
  sink.put(attribute.component, 'egress');
  sink.put(attribute.agentKind, peer.agent.kind);
  sink.put(attribute.agentNamespace, peer.agent.namespace);
  sink.put(attribute.agentName, peer.agent.name);
  sink.put(attribute.agentUid, peer.uid);
  sink.put(attribute.agentRevision, peer.revision);
  sink.put(attribute.invocationId, peer.invocationId);
  sink.put(attribute.serverAddress, peer.hostname ?? peer.ip);
  sink.put(attribute.serverPort, peer.port);
}

/**
 * What a sender may say a record is about. Pure. The platform's own roles speak of everything; a pool or a gateway of itself
 * and of the agents of its namespace, so that nobody can write into another's logs and traces.
 */
import { attribute, type OtlpSpeaker } from '../../contract/index.ts';

type Attributes = Readonly<Record<string, string>>;

/** True unless an attribute names somebody else. Absent ones claim nothing. */
export function mayClaim(speaker: OtlpSpeaker, attributes: Attributes): boolean {
  if (!('namespace' in speaker)) return true;
  const { role, namespace, name } = speaker;
  const id = `${namespace}/${name}`;
  const is = (key: string, wanted: string): boolean => (attributes[key] ?? wanted) === wanted;
  const inNamespace = (key: string): boolean => (attributes[key] ?? id).startsWith(`${namespace}/`);
  return (
    is(attribute.agentNamespace, namespace) &&
    is('k8s.namespace.name', namespace) &&
    is(attribute.component, role) &&
    is('service.name', `clrk-${role}`) &&
    (role === 'worker' ? is(attribute.workerPool, id) : inNamespace(attribute.workerPool)) &&
    (role === 'egress' ? is(attribute.egressGateway, id) : inNamespace(attribute.egressGateway))
  );
}

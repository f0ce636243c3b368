/**
 * What a sender may say a record is about. Pure. The platform's own roles speak of everything; a pool or a gateway of itself
 * and of the agents of its namespace, so that nobody can write into another's logs and traces.
 */
import { attribute, type OtlpSpeaker } from '../../contract/index.ts';

type Attributes = Readonly<Record<string, string>>;
type Bound = Extract<OtlpSpeaker, { readonly namespace: string }>;
type Judge = (value: string, speaker: Bound) => boolean;

const inNamespace: Judge = (value, { namespace }) => value.startsWith(`${namespace}/`);
const isItself: Judge = (value, { namespace, name }) => value === `${namespace}/${name}`;

/** By attribute: may a pool or a gateway say this of a record? */
const judges: ReadonlyArray<readonly [name: string, judge: Judge]> = [
  [attribute.agentNamespace, (value, { namespace }) => value === namespace],
  ['k8s.namespace.name', (value, { namespace }) => value === namespace],
  [attribute.component, (value, { role }) => value === role],
  ['service.name', (value, { role }) => value === `clrk-${role}`],
  [attribute.workerPool, (value, by) => (by.role === 'worker' ? isItself : inNamespace)(value, by)],
  [attribute.egressGateway, (value, by) => (by.role === 'egress' ? isItself : inNamespace)(value, by)],
];

/** All attributes that say on whose behalf a record speaks: whoever reads these alone has read what is judged. */
export const claimNames: ReadonlySet<string> = new Set(judges.map(([name]) => name));

/** True unless an attribute names somebody else. Absent ones claim nothing. */
export function mayClaim(speaker: OtlpSpeaker, attributes: Attributes): boolean {
  if (!('namespace' in speaker)) return true;
  return judges.every(([name, judge]) => {
    const value = attributes[name];
    return value === undefined || judge(value, speaker);
  });
}

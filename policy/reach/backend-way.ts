/** The Backend of a way as a permit tells it: where it is, for which share of the calls or in which turn, and what it changes. Pure. */
import { sumWeights, weightOf, type OpenPlan } from '../../decision/index.ts';
import { besideOf, type Exit } from './answer.ts';
import type { Way } from './permit.ts';
import type { Spot } from './spot.ts';

type Told = NonNullable<Way['backend']>;
type Share = Pick<Told, 'weight' | 'of' | 'turn'>;

/** Among ways that are tried one after the other; undefined: there is one alone, or the weights decide. */
export function turnOf({ clauses }: Pick<OpenPlan, 'clauses'>, { clause, course, way }: Exit): Told['turn'] {
  const own = clause === undefined || course !== undefined ? undefined : clauses[clause];
  if (own?.fallback === undefined || own.ways.length < 2) return undefined;
  return { place: own.ways.indexOf(way) + 1, of: own.ways.length };
}

function shareOf(plan: OpenPlan, exit: Exit, isOwn: boolean): Share {
  const turn = turnOf(plan, exit);
  if (turn !== undefined) return { weight: 1, of: 1, turn };
  const ways = besideOf(plan, exit);
  if (isOwn && ways.length < 2) return { weight: 1, of: 1 };
  return { weight: weightOf(exit.way), of: sumWeights(ways) };
}

function isAtHome({ site }: OpenPlan, { hostname, port }: Exit['way']['target']): boolean {
  return site.hostname === hostname && site.port === port;
}

/** What the agent itself asked for without TLS is no news. */
function losesTls({ site }: OpenPlan, { plain }: Exit['way']['target'], isOwn: boolean): boolean {
  return plain === true && (!isOwn || site.tls);
}

function changesCalls({ modelRewrites, ensureStreamUsage }: NonNullable<Exit['way']['backend']>): boolean {
  return modelRewrites.length > 0 || ensureStreamUsage;
}

/** What is not as if there were no Backend. */
export function describeBackend({ plan }: Spot, exit: Exit): Told | undefined {
  const { backend, target } = exit.way;
  if (backend === undefined || target.via !== undefined) return undefined;
  const isOwn = isAtHome(plan, target);
  const share = shareOf(plan, exit, isOwn);
  const isShared = share.turn !== undefined || share.weight < share.of;
  const plain = losesTls(plan, target, isOwn);
  if (isOwn && !changesCalls(backend) && !isShared && !plain) return undefined;
  return {
    ...{ name: backend.name, host: backend.host, port: backend.port },
    ...share,
    ...(plain ? { plain: true as const } : {}),
    ...{ renames: backend.modelRewrites, asksUsage: backend.ensureStreamUsage },
    ...(exit.way.isForeign ? { as: backend.schema } : {}),
  };
}

/** Of a way among others that bytes or calls go by weight. */
export function describeVia(
  { backend, target: { via } }: Pick<Exit['way'], 'backend' | 'target'>,
  beside: ReadonlyArray<Pick<Exit['way'], 'backend'>>,
): Pick<Way, 'via'> {
  if (backend === undefined || via === undefined) return {};
  const { name, host, port, weight } = backend;
  return { via: { name, host, port, weight, of: sumWeights(beside) } };
}

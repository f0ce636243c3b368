/** Living WorkerPools and EgressGateways → the claims NATS lets them in by. Deleted ones are out as soon as this has run. */
import { isLive } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { tenantIdentity } from '../owner.ts';
import type { ObjectChange, ReconcileResult } from '../runtime/index.ts';

export const identitiesKey = 'control-plane/identities';

/** Also without a change: a server whose volume was lost starts with older claims. */
const repeatMs = 5 * 60_000;

async function reconcile(context: Context): Promise<ReconcileResult> {
  const { world } = context;
  const tenants = [
    ...world
      .list(kinds.workerPool)
      .filter(isLive)
      .map((pool) => tenantIdentity('worker', pool)),
    ...world
      .list(kinds.egressGateway)
      .filter(isLive)
      .map((gateway) => tenantIdentity('egress', gateway)),
  ];
  await context.claims.push(context.settings().keys.tenantsJwt(tenants, Math.floor(context.now() / 1_000)));
  context.log.debug({ pools: tenants.length }, 'NATS knows the pools and gateways there are');
  return { requeueAfterMs: repeatMs };
}

/** A pool or gateway came or went; what else changes of one is no matter here. */
function cameOrWent({ before, after }: ObjectChange): boolean {
  const life = (object: ObjectChange['before']): string =>
    `${object?.metadata?.uid ?? ''} ${object?.metadata?.deletionTimestamp ?? ''}`;
  return life(before) !== life(after);
}

const keysOf = (_world: unknown, change: ObjectChange): readonly string[] =>
  cameOrWent(change) ? [identitiesKey] : [];

export const identitiesController: ControllerSpec = {
  name: 'identities',
  concurrency: 1,
  reconcile,
  // Several that come together are one push.
  watches: [kinds.workerPool, kinds.egressGateway].map((resource) => ({ resource, keysOf, delayMs: 50 })),
};

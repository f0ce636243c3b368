/** Backend status: Accepted (a schema we speak, an upstream we can dial) and ResolvedRefs. */
import { notEnforced, parseHostname, parseIp, providers } from '../../contract/index.ts';
import { changedObjects } from '../change.ts';
import { isLive } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds, type Backend } from '../kind.ts';
import { markPending, previousConditions } from '../pending.ts';
import {
  keyOfObject,
  setConditions,
  splitKey,
  summaryFindings,
  type Finding,
  type ReconcileResult,
} from '../runtime/index.ts';

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const backend = context.world.get(kinds.backend, namespace, name);
  if (backend === undefined || !isLive(backend)) return {};
  await markPending(context, kinds.backend, backend);
  const status = backendStatus(backend, context.now());
  await context.applier.applyStatus(kinds.backend, backend, status);
  return {};
}

export function backendStatus(backend: Backend, now: number): object {
  const accepted = acceptedFinding(backend);
  const refs: Finding = { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: '' };
  const summary = summaryFindings({
    state: accepted.status === 'True' ? 'ready' : 'stalled',
    reason: accepted.reason,
    message: accepted.message,
  });
  const generation = backend.metadata.generation ?? 0;
  const context = { previous: previousConditions(backend), generation, now };
  return {
    observedGeneration: generation,
    conditions: setConditions([accepted, refs, ...summary], context),
  };
}

function acceptedFinding(backend: Backend): Finding {
  const type = 'Accepted';
  const { schema, upstream } = backend.spec;
  const refuse = (reason: string, message: string): Finding => ({ type, status: 'False', reason, message });
  if (backend.spec.type === 'InferencePool') {
    const { message, instead } = notEnforced.InferencePool;
    return refuse('NotEnforced', `${message}. ${instead}`);
  }
  if (schema !== undefined && !(providers as readonly string[]).includes(schema.name)) {
    return refuse('UnsupportedSchema', `schema ${schema.name} is not one of ${providers.join(', ')}`);
  }
  if (upstream === undefined) return refuse('Invalid', 'upstream is required for type Upstream');
  // A place for EgressL4Routes alone needs no name.
  const isPlace = schema === undefined && parseIp(upstream.host) !== undefined;
  if (!isPlace && parseHostname(upstream.host) === undefined) {
    return refuse('Invalid', `upstream.host ${upstream.host} is not a host name`);
  }
  return { type, status: 'True', reason: 'Accepted', message: '' };
}

export const backendController: ControllerSpec = {
  name: 'backend',
  concurrency: 2,
  reconcile,
  watches: [{ resource: kinds.backend, keysOf: (_world, change) => changedObjects(change).map(keyOfObject) }],
};

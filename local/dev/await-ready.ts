/** Waits for objects to say they are ready, by polling with a deadline; on time-out it says what they last said. */
import { ClrkError } from '../../contract/index.ts';
import type { ApiClient } from '../kube/api-client.ts';
import type { KubeObject, PodCondition } from '../kube/object.ts';

interface Conditioned extends KubeObject {
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly PodCondition[] };
}

/** True when the condition holds for the object's newest generation. Pure. */
export function conditionHolds(object: Conditioned, type: string): boolean {
  const { status, metadata } = object;
  const current =
    status?.observedGeneration === undefined || status.observedGeneration >= (metadata.generation ?? 0);
  return current && status?.conditions?.find((condition) => condition.type === type)?.status === 'True';
}

/** What the object says about itself, for a person who waits in vain. Pure. */
export function describeConditions(object: Conditioned | undefined): string {
  if (object === undefined) return 'it does not exist';
  const conditions = object.status?.conditions ?? [];
  const unmet = conditions.filter(({ status, message }) => status !== 'True' && (message ?? '') !== '');
  const texts = unmet.map(({ type, reason = '', message = '' }) => `${type}: ${reason} ${message}`);
  return texts.length > 0 ? texts.join('; ') : 'it has no status yet';
}

export interface AwaitOptions {
  readonly path: string;
  readonly condition: string;
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly hint?: string;
}

const pollMs = 150;

export async function awaitCondition(client: ApiClient, options: AwaitOptions): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    options.signal.throwIfAborted();
    const object = await client.find<Conditioned>(options.path).catch(() => undefined);
    if (object !== undefined && conditionHolds(object, options.condition)) return;
    if (Date.now() > deadline) {
      const hint = options.hint === undefined ? {} : { hint: options.hint };
      throw new ClrkError('NOT_READY', `${options.what} is not ready: ${describeConditions(object)}`, hint);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

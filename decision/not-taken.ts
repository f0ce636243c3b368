/** Why a call that no rule takes is refused. Pure. */
import { refuse, type Call, type Refusal } from './call.ts';
import { refuseHttp } from './http-refusal.ts';
import type { OpenPlan } from './plan.ts';

export function notTaken(
  { clauses }: OpenPlan,
  call: Call,
  { model, modelMissing }: { readonly model: string | undefined; readonly modelMissing: boolean },
): Refusal {
  if (modelMissing && call.body.kind === 'unreadable') return call.body.refusal;
  const ofHttp = modelMissing || model !== undefined ? undefined : refuseHttp(clauses, call);
  if (ofHttp !== undefined) return ofHttp;
  const what =
    model === undefined ? `${call.method} ${call.path.slice(0, 200)}` : `the model "${model.slice(0, 100)}"`;
  const message = `no AIProviderRoute of the egress gateway allows ${what} on this host`;
  return refuse(403, modelMissing || model !== undefined ? 'model' : 'policy', message);
}

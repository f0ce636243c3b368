/**
 * What the Backend of a way makes of a call: the model it is asked for there, what denials say of that, and what cannot be changed
 * as it asks. Pure.
 */
import { denyAnswer, refuse, type Call, type Refusal } from './call.ts';
import { computeModel, matchClause, type ModelFact } from './clause.ts';
import { compileGlob } from './glob.ts';
import type { Operation } from './operation/index.ts';
import type { Way } from './provider-clause.ts';

/** The name a Backend is asked for; the same when it renames none. */
export function renamedModel(backend: Way['backend'], model: string | undefined): string | undefined {
  if (model === undefined) return undefined;
  return backend?.modelRewrites.find(({ from }) => compileGlob(from)?.test(model) === true)?.to ?? model;
}

/** Does a denial where the call is sent depend on what its body would tell? */
export function waitsAtBackend(way: Way, call: Call, fact: ModelFact): boolean {
  if (fact.kind !== 'unread' || way.refusal !== undefined) return false;
  const results = way.denials.map((clause) => matchClause(clause, call, fact));
  return results.includes('unread') && !results.includes('yes');
}

/** Denials where the call is sent, by the model it asks for there. */
export function judgeAtBackend(
  { denials, backend }: Way,
  call: Call,
  model: string | undefined,
): Refusal | undefined {
  if (denials.length === 0) return undefined;
  const renamed = renamedModel(backend, model);
  const hit = denials.find((clause) => {
    const operation = clause.operations(call.method, call.path);
    const fact = computeModel(call, operation);
    const there: ModelFact =
      fact.kind === 'none'
        ? fact
        : renamed === undefined
          ? { kind: 'unknown' }
          : { kind: 'named', model: renamed };
    return matchClause(clause, call, there) === 'yes';
  });
  return hit === undefined ? undefined : denyAnswer(hit.answer);
}

/** A path is sent on as it was judged, so a model that it names cannot be renamed. */
export function judgeRename({ backend }: Way, operation: Operation | undefined): Refusal | undefined {
  if (backend === undefined || operation?.model.from !== 'path') return undefined;
  const { model } = operation.model;
  if (renamedModel(backend, model) === model) return undefined;
  const message = `Backend ${backend.name} renames this model, but the API called names models in the path`;
  return { ...refuse(503, 'policy', message), code: 'MODEL_REWRITE_UNSUPPORTED' };
}

/**
 * What the Backend of a way makes of a call: the model it is asked for there, what denials say of that, and what cannot be changed
 * as it asks. Pure.
 */
import { denyAnswer, refuse, type Call, type Refusal } from './call.ts';
import { computeModel, matchClause, type ModelFact } from './clause.ts';
import type { DenialClause } from './denial.ts';
import { compileGlob } from './glob.ts';
import { operationOf, type Operation } from './operation/index.ts';
import type { Way } from './provider-clause.ts';
import { judgeTranslation, translatedCalls, translationOf, type Translation } from './translation.ts';

/** The name a Backend is asked for; the same when it renames none. */
export function renamedModel(backend: Way['backend'], model: string | undefined): string | undefined {
  if (model === undefined) return undefined;
  return backend?.modelRewrites.find(({ from }) => compileGlob(from)?.test(model) === true)?.to ?? model;
}

/** Does what becomes of the call on this way depend on what its body would tell? To be translated it must be here whole. */
export function waitsAtBackend(
  way: Way,
  call: Call,
  { operation, fact }: { readonly operation: Operation | undefined; readonly fact: ModelFact },
): boolean {
  if (way.refusal !== undefined) return false;
  if (translationOf(way, operation) !== undefined) return call.body.kind === 'unread';
  if (fact.kind !== 'unread') return false;
  const results = way.denials.map((clause) => matchClause(clause, call, fact));
  return results.includes('unread') && !results.includes('yes');
}

/** Denials where the call is sent, by the model it asks for there. */
export function judgeAtBackend(
  { denials, backend }: Way,
  call: Call,
  {
    model,
    translation,
  }: { readonly model: string | undefined; readonly translation: Translation | undefined },
): Refusal | undefined {
  if (denials.length === 0) return undefined;
  const renamed = renamedModel(backend, model);
  const calls = translation === undefined ? [call] : translatedCalls(call, translation, renamed ?? '');
  const hit = denials.find((clause) => calls.some((there) => isDenied(clause, there, renamed)));
  return hit === undefined ? undefined : denyAnswer(hit.answer);
}

function isDenied(clause: DenialClause, call: Call, renamed: string | undefined): boolean {
  const fact = computeModel(call, operationOf(clause.operations, call));
  const there: ModelFact =
    fact.kind === 'none' || fact.kind === 'each'
      ? fact
      : renamed === undefined
        ? { kind: 'unknown' }
        : { kind: 'named', model: renamed };
  return matchClause(clause, call, there) === 'yes';
}

/** A path is sent on as it was judged, so a model that it names cannot be renamed, unless the call is written anew. */
export function judgeRename(way: Way, operation: Operation | undefined): Refusal | undefined {
  const { backend } = way;
  if (backend === undefined || operation?.model.from !== 'path') return undefined;
  const translation = translationOf(way, operation);
  if (translation !== undefined && translation.from !== translation.to) return undefined;
  const { model } = operation.model;
  if (renamedModel(backend, model) === model) return undefined;
  const message = `Backend ${backend.name} renames this model, but the API called names models in the path`;
  return { ...refuse(503, 'policy', message), code: 'MODEL_REWRITE_UNSUPPORTED' };
}

/** A call that is translated must be one that can be: read, with a model that the other API can name. */
export function judgeTranslated(
  way: Way,
  call: Call,
  { operation, model }: { readonly operation: Operation | undefined; readonly model: string | undefined },
): Refusal | undefined {
  const translation = translationOf(way, operation);
  if (translation === undefined) return undefined;
  return judgeTranslation(way.backend, translation, call, renamedModel(way.backend, model));
}

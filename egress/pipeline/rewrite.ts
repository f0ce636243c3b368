/**
 * What a Backend or a budget changes in a request: the model's name (`modelRewrites`), the usage report of OpenAI-shaped streams
 * (`ensureStreamUsage`, and what is counted) and the most an answer may hold. Pure. Only the bytes of the values concerned change, so that numbers and order stay as the agent
 * wrote them; what cannot be changed as asked is refused, never sent as it is.
 */
import type { RouteBackend } from '../../contract/index.ts';
import { refuse, renamedModel, type Budget, type Operation, type Refusal } from '../../decision/index.ts';
import { askForUsage, renameModel, replaceSpans, type BodyRead, type Edit } from '../body/index.ts';
import { capOutput } from '../budget/output-cap.ts';
import type { Field } from '../http1/index.ts';

export interface Rewrite {
  readonly kind: 'rewrite';
  readonly body: readonly Buffer[];
  /** The new name; undefined: it stays. */
  readonly model: string | undefined;
  /** The stream is asked for its usage, which the agent did not ask for. */
  readonly asksUsage: boolean;
}

/** What a Backend may want to change. */
export interface Rewritable {
  readonly operation: Operation | undefined;
  readonly backend: RouteBackend | undefined;
}

/** What a budget wants of a request. */
export interface Counted extends Rewritable {
  readonly schema: string | undefined;
  /** undefined: nothing counts it. */
  readonly budget: Budget | undefined;
  /** To be written into it; undefined: the answer may be as long as it asks for. */
  readonly outputCap: number | undefined;
}

/** RFC 9530 and RFC 1864: they would no longer be true of another body. */
const digests = new Set(['content-digest', 'repr-digest', 'digest', 'content-md5']);

/** The responses API and other schemas report usage unasked. */
function mayAskUsage(operation: Operation | undefined): boolean {
  return operation?.shape === 'openai' && operation.name !== undefined && operation.name !== 'embeddings';
}

function isRenamed(backend: RouteBackend, model: string | undefined): model is string {
  return model !== undefined && renamedModel(backend, model) !== model;
}

/** Must the body be read before it goes to this backend? Uploads and calls without a model are left alone. */
export function mayRewrite(call: Rewritable): boolean {
  const { backend, operation } = call;
  if (backend === undefined || operation === undefined) return false;
  const { from } = operation.model;
  const isBody = from === 'body' || from === 'form' || from === 'messages';
  return (
    isBody && (backend.modelRewrites.length > 0 || (backend.ensureStreamUsage && mayAskUsage(operation)))
  );
}

export function withoutDigests(fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ name }) => !digests.has(name));
}

function refuseWith(code: string, message: string): Refusal {
  return { ...refuse(503, 'policy', message), code };
}

interface Edits {
  readonly usage: Edit | undefined;
  readonly rename: Edit | undefined;
  readonly cap: readonly Edit[];
}

function asksUsage({ operation, backend, budget }: Counted, read: BodyRead): boolean {
  const isWanted = backend?.ensureStreamUsage === true || budget !== undefined;
  return read.stream === true && isWanted && mayAskUsage(operation);
}

/** undefined: the body cannot say what it must. */
function computeEdits(call: Counted, read: BodyRead): Edits | undefined {
  const { backend, operation, schema, outputCap } = call;
  const usage = asksUsage(call, read) ? askForUsage(read) : undefined;
  const cap =
    outputCap === undefined || operation === undefined
      ? []
      : capOutput({ operation, schema }, read, outputCap);
  if (cap === undefined) return undefined;
  if (backend === undefined || !isRenamed(backend, read.model)) return { usage, cap, rename: undefined };
  const rename = renameModel(read, renamedModel(backend, read.model) ?? '');
  return rename === undefined ? undefined : { usage, cap, rename };
}

/** `read` undefined: the body cannot be read. The result undefined: nothing to change. */
export function rewriteRequest(
  call: Counted,
  body: readonly Buffer[],
  read: BodyRead | undefined,
): Rewrite | Refusal | undefined {
  const { backend, budget } = call;
  if (budget === undefined && !mayRewrite(call)) return undefined;
  const edits = read === undefined ? undefined : computeEdits(call, read);
  if (edits === undefined) {
    const who = backend === undefined ? 'the TokenBudget' : `Backend ${backend.name}`;
    return refuseWith(
      'BODY_REWRITE_IMPOSSIBLE',
      `${who} changes requests, but this body cannot be changed as asked`,
    );
  }
  const { usage, rename, cap } = edits;
  const all = [usage, rename, ...cap].filter((edit) => edit !== undefined);
  if (all.length === 0) return undefined;
  const model = rename === undefined ? undefined : renamedModel(backend, read?.model);
  return { kind: 'rewrite', body: replaceSpans(body, all), model, asksUsage: usage !== undefined };
}

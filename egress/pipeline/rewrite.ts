/**
 * What a Backend changes in a request: the model's name (`modelRewrites`) and the usage report of OpenAI-shaped streams
 * (`ensureStreamUsage`). Pure. Only the bytes of the values concerned change, so that numbers and order stay as the agent
 * wrote them; what cannot be changed as asked is refused, never sent as it is.
 */
import type { ProviderBackend } from '../../contract/index.ts';
import { refuse, renamedModel, type Operation, type Refusal } from '../../decision/index.ts';
import { askForUsage, renameModel, replaceSpans, type BodyRead, type Edit } from '../body/index.ts';
import type { Field } from '../http1/index.ts';

export interface Rewrite {
  readonly kind: 'rewrite';
  readonly body: readonly Buffer[];
  /** The new name; undefined: it stays. */
  readonly model: string | undefined;
}

/** What a Backend may want to change. */
export interface Rewritable {
  readonly operation: Operation | undefined;
  readonly backend: ProviderBackend | undefined;
}

/** RFC 9530 and RFC 1864: they would no longer be true of another body. */
const digests = new Set(['content-digest', 'repr-digest', 'digest', 'content-md5']);

function asksUsage({ operation }: Rewritable, backend: ProviderBackend): boolean {
  // The responses API and other schemas report usage unasked.
  return backend.ensureStreamUsage && operation?.shape === 'openai' && operation.name !== undefined;
}

function isRenamed(backend: ProviderBackend, model: string | undefined): model is string {
  return model !== undefined && renamedModel(backend, model) !== model;
}

/** Must the body be read before it goes to this backend? Uploads and calls without a model are left alone. */
export function mayRewrite(call: Rewritable): boolean {
  const { backend, operation } = call;
  if (backend === undefined || operation === undefined) return false;
  const { from } = operation.model;
  if (from === 'path') return isRenamed(backend, operation.model.model);
  const isBody = from === 'body' || from === 'form';
  return isBody && (backend.modelRewrites.length > 0 || asksUsage(call, backend));
}

export function withoutDigests(fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ name }) => !digests.has(name));
}

function refuseWith(code: string, message: string): Refusal {
  return { ...refuse(503, 'policy', message), code };
}

function computeEdits(
  call: Rewritable,
  backend: ProviderBackend,
  read: BodyRead,
): readonly Edit[] | undefined {
  const usage = read.stream === true && asksUsage(call, backend) ? askForUsage(read) : undefined;
  const edits = usage === undefined ? [] : [usage];
  if (!isRenamed(backend, read.model)) return edits;
  const rename = renameModel(read, renamedModel(backend, read.model) ?? '');
  return rename === undefined ? undefined : [...edits, rename];
}

/** `read` undefined: the body cannot be read. The result undefined: nothing to change. */
export function rewriteRequest(
  call: Rewritable,
  body: readonly Buffer[],
  read: BodyRead | undefined,
): Rewrite | Refusal | undefined {
  const { backend, operation } = call;
  if (backend === undefined || !mayRewrite(call)) return undefined;
  if (operation?.model.from === 'path') {
    const message = `Backend ${backend.name} renames this model, but the API called names models in the path`;
    return refuseWith('MODEL_REWRITE_UNSUPPORTED', message);
  }
  const edits = read === undefined ? undefined : computeEdits(call, backend, read);
  if (edits === undefined) {
    const message = `Backend ${backend.name} changes requests, but this body cannot be changed as asked`;
    return refuseWith('BODY_REWRITE_IMPOSSIBLE', message);
  }
  if (edits.length === 0) return undefined;
  const model = isRenamed(backend, read?.model) ? renamedModel(backend, read?.model) : undefined;
  return { kind: 'rewrite', body: replaceSpans(body, edits), model };
}

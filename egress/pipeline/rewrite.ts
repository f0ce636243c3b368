/**
 * What a Backend changes in the request's JSON: the model's name (`modelRewrites`) and the usage report of OpenAI-shaped streams
 * (`ensureStreamUsage`). Pure. Only the bytes of the members concerned change, so that numbers and order stay as the agent
 * wrote them; what cannot be changed as asked is refused, never sent as it is.
 */
import type { ProviderBackend } from '../../contract/index.ts';
import { refuse, renamedModel, type Operation, type Refusal } from '../../decision/index.ts';
import type { Field } from '../http1/index.ts';
import { asObject, type JsonObject } from '../providers/index.ts';
import { parseJsonBody, replaceMember } from '../providers/json-body.ts';

export interface Rewrite {
  readonly kind: 'rewrite';
  readonly body: Buffer;
  /** The new name; undefined: it stays. */
  readonly model: string | undefined;
}

/** What a Backend may want to change. */
export interface Rewritable {
  readonly operation: Operation | undefined;
  readonly backend: ProviderBackend | undefined;
  /** What the call names; undefined: nothing that was read. */
  readonly model: string | undefined;
}

/** RFC 9530 and RFC 1864: they would no longer be true of another body. */
const digests = new Set(['content-digest', 'repr-digest', 'digest', 'content-md5']);

function asksUsage({ operation }: Rewritable, backend: ProviderBackend): boolean {
  // The responses API and other schemas report usage unasked.
  return backend.ensureStreamUsage && operation?.shape === 'openai' && operation.name !== undefined;
}

/** Must the body be read before it goes to this backend? Uploads and calls without a model are left alone. */
export function mayRewrite(call: Rewritable): boolean {
  const { backend, operation } = call;
  if (backend === undefined || operation === undefined) return false;
  if (operation.model.from === 'path') return isRenamed(backend, operation.model.model);
  return operation.model.from === 'body' && (backend.modelRewrites.length > 0 || asksUsage(call, backend));
}

function isRenamed(backend: ProviderBackend, model: string | undefined): boolean {
  return model !== undefined && renamedModel(backend, model) !== model;
}

/** Go's encoding/json matches names without case, so we do; the reader of bodies saw to it that there is one. */
function modelMember(json: JsonObject): string {
  return Object.keys(json).find((name) => name.toLowerCase() === 'model') ?? 'model';
}

function withUsage(json: JsonObject, text: string): string {
  const options = json['stream_options'] ?? {};
  const known = asObject(options);
  // Not an object: the upstream says so better than we do.
  if (known === undefined || known['include_usage'] === true) return text;
  return replaceMember(text, 'stream_options', JSON.stringify({ ...known, include_usage: true }));
}

export function withoutDigests(fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ name }) => !digests.has(name));
}

function refuseWith(code: string, message: string): Refusal {
  return { ...refuse(503, 'policy', message), code };
}

/** undefined: nothing to change. */
export function rewriteRequest(call: Rewritable, body: Buffer): Rewrite | Refusal | undefined {
  const { backend, operation } = call;
  if (backend === undefined || !mayRewrite(call)) return undefined;
  if (operation?.model.from === 'path') {
    const message = `Backend ${backend.name} renames this model, but the API called names models in the path`;
    return refuseWith('MODEL_REWRITE_UNSUPPORTED', message);
  }
  const json = parseJsonBody(body);
  if (json === undefined) {
    const message = `Backend ${backend.name} changes requests, but this body is not one plain JSON object`;
    return refuseWith('BODY_REWRITE_IMPOSSIBLE', message);
  }
  const before = body.toString('utf8');
  const member = modelMember(json);
  const own = json[member];
  const model = typeof own === 'string' && isRenamed(backend, own) ? renamedModel(backend, own) : undefined;
  let text = model === undefined ? before : replaceMember(before, member, JSON.stringify(model));
  if (json['stream'] === true && asksUsage(call, backend)) text = withUsage(json, text);
  return text === before ? undefined : { kind: 'rewrite', body: Buffer.from(text), model };
}

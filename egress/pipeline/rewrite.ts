/**
 * Stage 6: what a Backend changes in the request's JSON: the model's name (`modelRewrites`) and the usage report of
 * OpenAI-shaped streams (`ensureStreamUsage`). Pure. Only the bytes of the members concerned change, so that numbers and
 * order stay as the agent wrote them; what cannot be changed as asked is refused, never sent as it is.
 */
import type { ProviderBackend } from '../../contract/index.ts';
import { fieldValue, type Field } from '../http1/index.ts';
import { asObject, type JsonObject, type ProviderCodec } from '../providers/index.ts';
import { parseJsonBody, replaceMember } from '../body/json-body.ts';
import { refuse, type Call, type Refusal } from './call.ts';
import { matchesGlob } from './glob.ts';

export interface Rewrite {
  readonly kind: 'rewrite';
  readonly body: Buffer;
  /** The new name; undefined: it stays. */
  readonly model: string | undefined;
  /** Without those that describe the old body. */
  readonly fieldsOf: (fields: readonly Field[]) => readonly Field[];
}

export interface Rewritable {
  readonly call: Call;
  readonly backend: ProviderBackend | undefined;
  readonly codec: ProviderCodec | undefined;
  readonly body: Buffer;
}

/** RFC 9530 and RFC 1864: they would no longer be true. */
const digests = new Set(['content-digest', 'repr-digest', 'digest', 'content-md5']);
/** Schemas whose streams know `stream_options`; the responses API reports usage unasked. */
const usageSchemas = new Set(['openai', 'azure-openai']);
const usagePath = /\/completions$/;

function asksUsage(call: Call, backend: ProviderBackend): boolean {
  return backend.ensureStreamUsage && usageSchemas.has(backend.schema) && usagePath.test(call.path);
}

function isInference(call: Call, codec: ProviderCodec | undefined): boolean {
  if (codec?.operation(call.method, call.path) !== undefined) return true;
  return fieldValue(call.fields, 'content-type')?.toLowerCase().includes('json') === true;
}

/** Must the body be read before it goes to this backend? Uploads and calls without a model are left alone. */
export function mayRewrite(
  call: Call,
  backend: ProviderBackend | undefined,
  codec: ProviderCodec | undefined,
): boolean {
  if (backend === undefined || call.method === 'GET' || call.method === 'HEAD') return false;
  return (backend.modelRewrites.length > 0 || asksUsage(call, backend)) && isInference(call, codec);
}

function newName(backend: ProviderBackend, model: unknown): string | undefined {
  if (typeof model !== 'string') return undefined;
  const to = backend.modelRewrites.find(({ from }) => matchesGlob(from, model))?.to;
  return to === model ? undefined : to;
}

/** Go's encoding/json matches names without case, so we do; parseJsonBody saw to it that there is one. */
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

function withoutDigests(fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ name }) => !digests.has(name));
}

function refuseWith(status: number, code: string, message: string): Refusal {
  return { ...refuse(status, 'policy', message), code };
}

/** undefined: nothing to change. */
export function rewriteRequest({ call, backend, codec, body }: Rewritable): Rewrite | Refusal | undefined {
  if (backend === undefined) return undefined;
  if (newName(backend, codec?.factsOfPath(call.path).model) !== undefined) {
    const message = `Backend ${backend.name} renames this model, but the API called names models in the path`;
    return refuseWith(503, 'MODEL_REWRITE_UNSUPPORTED', message);
  }
  const json = parseJsonBody(body);
  if (json === undefined) {
    const message = `Backend ${backend.name} changes requests, but this body is not one plain JSON object`;
    return refuseWith(503, 'BODY_REWRITE_IMPOSSIBLE', message);
  }
  const before = body.toString('utf8');
  const member = modelMember(json);
  const model = newName(backend, json[member]);
  let text = model === undefined ? before : replaceMember(before, member, JSON.stringify(model));
  if (json['stream'] === true && asksUsage(call, backend)) text = withUsage(json, text);
  if (text === before) return undefined;
  return { kind: 'rewrite', body: Buffer.from(text), model, fieldsOf: withoutDigests };
}

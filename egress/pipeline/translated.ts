/**
 * The request as it goes to a Backend of another API: written anew from what was judged. Pure. Of the agent's fields only those go
 * that say nothing of an API; what is written must arrive where it was judged, or nothing goes.
 */
import {
  parseTarget,
  refuseTranslation,
  renamedModel,
  translatedPaths,
  type Candidate,
  type Decision,
  type Refusal,
  type Translation,
} from '../../decision/index.ts';
import { createField, type Field } from '../http1/index.ts';
import { asObject, type JsonObject } from '../providers/index.ts';
import {
  chatCodecs,
  countValues,
  maxTranslatedBytes,
  maxTranslatedValues,
  tooLarge,
  translateRequest,
  type TranslatedRequest,
} from '../translation/index.ts';
import type { UpstreamRequest } from '../upstream/exchange-port.ts';
import { renderAuthority } from './adapt.ts';
import type { AgentRequest } from './identify.ts';
import { spokenName, withQuery } from './own-credential.ts';

/** Fields that mean the same at every server. */
const passed: ReadonlySet<string> = new Set(['user-agent', 'traceparent', 'tracestate']);
/** Of an API's own fields those that ask for something, and are told as left out. */
const asking: ReadonlySet<string> = new Set(['anthropic-beta', 'openai-beta']);

export interface ToTranslate {
  readonly request: AgentRequest;
  readonly decision: Extract<Decision, { kind: 'allow' }>;
  readonly candidate: Candidate;
  readonly translation: Translation;
  readonly body: readonly Buffer[];
  readonly outputCap: number | undefined;
  /** What a budget counts with for one answer; undefined: none counts. */
  readonly outputBound: number | undefined;
  /** Unique, for an answer that has no id. */
  readonly id: string;
  readonly unixMs: number;
}

export interface TranslatedOutgoing {
  readonly kind: 'written';
  readonly request: UpstreamRequest;
  readonly body: Buffer;
  /** The name the Backend is asked for. */
  readonly model: string;
  readonly translated: TranslatedRequest;
}

/** undefined: it is no JSON object. */
function parseBody(body: readonly Buffer[]): JsonObject | 'too-large' | undefined {
  const bytes = body.reduce((sum, { length }) => sum + length, 0);
  if (bytes > maxTranslatedBytes) return 'too-large';
  const text = Buffer.concat(body).toString('utf8');
  if (countValues(text) > maxTranslatedValues) return 'too-large';
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function fieldsOf(
  { request, candidate }: ToTranslate,
  { stream, upstreamMediaType }: { readonly stream: boolean; readonly upstreamMediaType: string },
  own: ReadonlyArray<readonly [string, string]>,
): Field[] {
  return [
    ...request.fields.filter((field) => passed.has(spokenName(field))),
    createField('Content-Type', 'application/json'),
    createField('Accept', stream ? upstreamMediaType : 'application/json'),
    // It is read here, and searched for secrets.
    createField('Accept-Encoding', 'identity'),
    ...own.map(([name, value]) => createField(name, value)),
    ...(candidate.injection?.fields ?? []),
  ];
}

export function writeTranslated(call: ToTranslate): TranslatedOutgoing | Refusal {
  const { request, decision, candidate, translation, unixMs } = call;
  const { backend, target, injection } = candidate;
  const refused = (what: string, why: string): Refusal =>
    refuseTranslation(backend, translation, { what, why });
  const [from, to] = [chatCodecs[translation.from], chatCodecs[translation.to]];
  const body = parseBody(call.body);
  if (body === 'too-large') return refused(tooLarge.what, tooLarge.why);
  const model = renamedModel(backend, decision.model);
  if (body === undefined || model === undefined)
    return refused('its body', 'is no JSON object that names a model');
  const { path, query } = request;
  const translated = translateRequest(
    { path, query, body },
    {
      ...{ from, to, base: translation.base, model, id: call.id },
      context: { schema: backend?.schema, outputBound: call.outputBound },
      ...{ outputCap: call.outputCap, created: Math.floor(unixMs / 1000) },
    },
  );
  if (translated.kind === 'blocked') return refused(translated.what, translated.why);
  const { request: written } = translated;
  const text = jsonOf(written.body);
  // What was judged is where it goes (S34).
  const isJudged = translatedPaths(translation, model).includes(parseTarget(written.path).path);
  if (text === undefined || !isJudged) return refused('model', 'cannot be written there');
  const fields = fieldsOf(call, translated.call, written.fields);
  return {
    kind: 'written',
    request: {
      method: 'POST',
      target: withQuery(written.path, written.query, injection),
      authority: renderAuthority(target),
      fields,
      upgrade: undefined,
    },
    body: Buffer.from(text),
    model,
    translated: { ...translated, dropped: [...translated.dropped, ...droppedFields(request)] },
  };
}

function jsonOf(body: JsonObject): string | undefined {
  try {
    return JSON.stringify(body);
  } catch {
    return undefined;
  }
}

function droppedFields({ fields }: AgentRequest): string[] {
  return [...new Set(fields.map(spokenName))]
    .filter((name) => asking.has(name))
    .map((name) => `header ${name}`);
}

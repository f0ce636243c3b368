/**
 * Which calls of one provider's API can be made of another, and as what they then go: told by the operation and the Backend's schema
 * alone. Pure. How a call is written is egress/translation's; that it may be is said here and nowhere else.
 */
import { refuse, type Call, type Refusal } from './call.ts';
import type { ApiShape, Operation } from './operation/index.ts';
import { isPlainPath, parseTarget } from './path.ts';

/** The APIs in which a conversation is sent and answered. */
export type ChatApi = Exclude<ApiShape, 'bedrock-invoke'>;

/** A call that goes to a Backend as one of another API, or of its own API at another path (`from` and `to` the same). */
export interface Translation {
  readonly from: ChatApi;
  readonly to: ChatApi;
  /** Where the Backend keeps the API, before its usual path. */
  readonly base: string;
}

/** What a way says of itself; `isForeign`: its Backend's schema is not the one calls are read as. */
export interface TranslatingWay {
  readonly isForeign: boolean;
  readonly backend: { readonly name: string; readonly schema: string } | undefined;
}

/** undefined: it is no conversation, or one that only its own API has. */
export function chatApiOf(operation: Operation | undefined): ChatApi | undefined {
  if (operation?.name !== 'chat' && operation?.name !== 'generate_content') return undefined;
  return operation.shape === 'bedrock-invoke' ? undefined : operation.shape;
}

interface Spoken {
  readonly api: ChatApi;
  readonly base: string;
  /** Others that it speaks too. */
  readonly also: readonly ChatApi[];
}

/** A Backend is called in the API it is named for; what it speaks beside that it is not translated to. */
const spokenBy: ReadonlyMap<string, Spoken> = new Map<string, Spoken>([
  ['openai', { api: 'openai', base: '', also: ['openai-responses'] }],
  ['azure-openai', { api: 'openai', base: '/openai', also: ['openai-responses'] }],
  ['anthropic', { api: 'anthropic', base: '', also: [] }],
  ['google', { api: 'google', base: '', also: [] }],
  ['bedrock', { api: 'bedrock-converse', base: '', also: [] }],
  ['custom', { api: 'openai', base: '', also: [] }],
]);

/** Does the call go this way as one of another API? undefined: it goes as it is, or not at all (`isTakenBy`). */
export function translationOf(
  { isForeign, backend }: TranslatingWay,
  operation: Operation | undefined,
): Translation | undefined {
  const from = isForeign ? chatApiOf(operation) : undefined;
  const spoken = backend === undefined ? undefined : spokenBy.get(backend.schema);
  if (from === undefined || spoken === undefined) return undefined;
  const to = spoken.also.includes(from) ? from : spoken.api;
  // Of its own API the body goes as it came: a model that was judged in the path would give way to one there that nobody judged.
  if (from === to && operation?.model.from !== 'body') return undefined;
  return { from, to, base: spoken.base };
}

/** Can the call go this way at all? A socket that is upgraded carries what nobody translates. */
export function isTakenBy(
  way: TranslatingWay,
  { upgrade }: Pick<Call, 'upgrade'>,
  operation: Operation | undefined,
): boolean {
  return !way.isForeign || (!upgrade && translationOf(way, operation) !== undefined);
}

/**
 * Of a refusal that no later try changes. 426 where a socket is refused that is a conversation when it is sent by POST: clients that can
 * do both then send one at once (Codex, which asks for the socket six times after a 403). In a socket that is open, it is 403 as ever.
 */
export function statusForGood(
  { upgrade, message }: Pick<Call, 'upgrade' | 'message'>,
  posted: Operation | undefined,
): 403 | 426 {
  return upgrade && message !== true && chatApiOf(posted) !== undefined ? 426 : 403;
}

function pathsBelow({ to }: Translation, model: string): readonly string[] {
  // Half a surrogate would throw here; the call is then refused where it is written.
  const name = encodeURIComponent(model.toWellFormed());
  switch (to) {
    case 'openai':
      return ['/v1/chat/completions'];
    case 'openai-responses':
      return ['/v1/responses'];
    case 'anthropic':
      return ['/v1/messages'];
    case 'google':
      return ['generateContent', 'streamGenerateContent'].map((verb) => `/v1beta/models/${name}:${verb}`);
    case 'bedrock-converse':
      return ['converse', 'converse-stream'].map((verb) => `/model/${name}/${verb}`);
    default:
      return to satisfies never;
  }
}

/** The canonical paths on which the call may arrive there, whole or streamed. `model`: as the Backend is asked for it. */
export function translatedPaths(translation: Translation, model: string): readonly string[] {
  return pathsBelow(translation, model).map((path) => parseTarget(`${translation.base}${path}`).path);
}

/** The call as its Backend would see it, in each way it may arrive. */
export function translatedCalls(call: Call, translation: Translation, model: string): readonly Call[] {
  return translatedPaths(translation, model).map((path) => ({ ...call, path }));
}

function impossible(message: string): Refusal {
  return { ...refuse(400, 'protocol', message), code: 'TRANSLATION_IMPOSSIBLE' };
}

/** `what`: a member of the request; `why`: the rest of the sentence. */
export function refuseTranslation(
  backend: { readonly name: string } | undefined,
  { to }: Translation,
  { what, why }: { readonly what: string; readonly why: string },
): Refusal {
  const where = backend === undefined ? to : `Backend ${backend.name} (${to})`;
  return impossible(
    `the call cannot be translated for ${where}: ${what} ${why}. Leave it out, or use a model of that API's own`,
  );
}

/** What must be known of a call that is translated: its body, whole, and a model. `model`: as the Backend is asked for it. */
export function judgeTranslation(
  backend: { readonly name: string } | undefined,
  translation: Translation,
  { body }: Call,
  model: string | undefined,
): Refusal | undefined {
  if (body.kind === 'unreadable') return body.refusal;
  const refused = (what: string, why: string): Refusal =>
    refuseTranslation(backend, translation, { what, why });
  if (body.kind !== 'inference') return refused('its body', 'is no JSON object');
  if (model === undefined) return refused('model', 'is missing');
  return translatedPaths(translation, model).every(isPlainPath)
    ? undefined
    : refused('model', 'is a name that cannot stand in a path');
}

/**
 * What a request of a provider's API is for, and where it names its model: told by method and path alone, never by a body
 * that the provider would not read as such. A path that is in no table is unknown: it fits no rule about models, and every
 * denial of a model.
 */

/** Where the model of a call stands. */
export type ModelSource =
  /** In the JSON body. */
  | { readonly from: 'body' }
  /** In a part of a multipart form. */
  | { readonly from: 'form' }
  | { readonly from: 'path'; readonly model: string }
  /** In each message of a WebSocket that asks for a response: such a message is a call of its own. */
  | { readonly from: 'messages' }
  /** What a WebSocket's session says last. */
  | { readonly from: 'session' }
  /** The operation runs none. */
  | { readonly from: 'nothing' };

/** The schema of bodies and errors. */
export type ApiShape =
  'openai' | 'openai-responses' | 'anthropic' | 'google' | 'bedrock-converse' | 'bedrock-invoke';

export interface Operation {
  /** `gen_ai.operation.name`; undefined: no inference. */
  readonly name: 'chat' | 'text_completion' | 'embeddings' | 'generate_content' | undefined;
  readonly shape: ApiShape;
  readonly model: ModelSource;
  /** The path alone says that the answer is streamed, or is not. */
  readonly stream?: boolean;
  /** It names a model and uses no tokens that anybody pays for. */
  readonly free?: boolean;
}

/** In place of a method where a WebSocket is asked for; no request can have it. */
export const socketMethod = 'GET (WebSocket)';

/** The operation of a canonical path; undefined: not in the table. A WebSocket's method is `socketMethod`. */
export type OperationTable = (method: string, path: string) => Operation | undefined;

const inBody: ModelSource = { from: 'body' };
const inForm: ModelSource = { from: 'form' };
const nowhere: ModelSource = { from: 'nothing' };

// A name goes into records and rules: longer ones are no names.
const maxModelLength = 512;

export function modelOfPath(segment: string): ModelSource {
  return { from: 'path', model: segment.slice(0, maxModelLength) };
}

/** Methods that ask for something and run nothing, on any path of a provider that a table does not list. */
export function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS';
}

/** OpenAI's own operations below a prefix (`/v1`); other providers serve the same paths elsewhere. */
const openaiPosts: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['/chat/completions', { name: 'chat', shape: 'openai', model: inBody }],
  ['/responses', { name: 'chat', shape: 'openai-responses', model: inBody }],
  ['/responses/input_tokens', { name: undefined, shape: 'openai-responses', model: inBody, free: true }],
  ['/completions', { name: 'text_completion', shape: 'openai', model: inBody }],
  ['/embeddings', { name: 'embeddings', shape: 'openai', model: inBody }],
  ['/moderations', { name: undefined, shape: 'openai', model: inBody, free: true }],
  ['/images/generations', { name: undefined, shape: 'openai', model: inBody }],
  ['/images/edits', { name: undefined, shape: 'openai', model: inForm }],
  ['/images/variations', { name: undefined, shape: 'openai', model: inForm }],
  ['/audio/speech', { name: undefined, shape: 'openai', model: inBody }],
  ['/audio/transcriptions', { name: undefined, shape: 'openai', model: inForm }],
  ['/audio/translations', { name: undefined, shape: 'openai', model: inForm }],
  ['/files', { name: undefined, shape: 'openai', model: nowhere, free: true }],
]);
/** What goes through a WebSocket there. */
const openaiSockets: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['/responses', { name: 'chat', shape: 'openai-responses', model: { from: 'messages' } }],
  ['/realtime', { name: 'chat', shape: 'openai', model: { from: 'session' } }],
]);
const openaiModel = /^\/models\/([^/]+)$/;

/** `path` after the prefix. */
export function openaiOperation(method: string, path: string): Operation | undefined {
  if (method === 'POST') return openaiPosts.get(path);
  if (method === socketMethod) return openaiSockets.get(path);
  const model = openaiModel.exec(path)?.[1];
  if (model !== undefined && isReading(method)) {
    return { name: undefined, shape: 'openai', model: modelOfPath(model) };
  }
  return undefined;
}

/** What `openaiOperation` and `anthropicOperation` tell apart; for who asks which calls there are. */
export const openaiPaths = {
  literals: [...new Set([...openaiPosts.keys(), ...openaiSockets.keys()])],
  models: '/models/',
} as const;

/** The operations of OpenAI's API that a server keeps below `prefix`. */
export function openaiBelow(prefix: string): OperationTable {
  return (method, path) =>
    path.startsWith(`${prefix}/`) ? openaiOperation(method, path.slice(prefix.length)) : undefined;
}

const anthropicPosts: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['/v1/messages', { name: 'chat', shape: 'anthropic', model: inBody }],
  ['/v1/messages/count_tokens', { name: undefined, shape: 'anthropic', model: inBody, free: true }],
  ['/v1/complete', { name: 'text_completion', shape: 'anthropic', model: inBody }],
]);
const anthropicModel = /^\/v1\/models\/([^/]+)$/;

export const anthropicOperation: OperationTable = (method, path) => {
  if (method === 'POST') return anthropicPosts.get(path);
  const model = anthropicModel.exec(path)?.[1];
  return model !== undefined && isReading(method)
    ? { name: undefined, shape: 'anthropic', model: modelOfPath(model) }
    : undefined;
};

export const anthropicPaths = { literals: [...anthropicPosts.keys()], models: '/v1/models/' } as const;

/**
 * JSON-RPC messages of a request body, read so that no server can read them differently (S46): repeated or oddly spelled
 * members, invalid UTF-8, a BOM, deep nesting and long batches make the whole body unreadable. Pure. Of a message's
 * params only what decides is kept: `name`, `uri` and the protocol version in `_meta`; and, as written, the arguments of a
 * tool, which a person may be asked about.
 */
import type { RpcMessage } from '../../decision/index.ts';
import type { BodyResult } from './body-result.ts';
import type { JsonShape } from './json-body-reader.ts';
import type { JsonValue } from './json-scanner.ts';
import { digestOfText } from './written-text.ts';
import { unreadable, type Unreadable } from './unreadable.ts';
import { wantObject, wantPresence, wantScalar, wantWritten } from './wanted.ts';

// MCP of 2025-06-18 has no batches any more; before, they held a handful.
const maxBatch = 32;
/** URIs of resources are longer than names. */
const uriBytes = 8_192;
/** MCP of 2026 says it in each request, because there is no session that would. */
const protocolVersion = 'io.modelcontextprotocol/protocolVersion';

const message = {
  jsonrpc: wantPresence('jsonrpc'),
  id: wantScalar('id'),
  method: wantScalar('method'),
  params: wantObject('params', {
    name: wantScalar('name'),
    uri: wantScalar('uri', uriBytes),
    arguments: wantWritten('arguments'),
    requestState: wantWritten('state'),
    _meta: wantObject('meta', { [protocolVersion]: wantScalar('version') }),
  }),
  result: wantPresence('result'),
  error: wantPresence('error'),
};
const wantedRpc = wantObject('root', message, wantObject('message', message));

const notRpc = unreadable(
  'BODY_NOT_JSON_RPC',
  'the body is not one JSON-RPC message, or a batch of them, that reads in one way only',
);
const longBatch = unreadable('BODY_TOO_COMPLEX', `a batch may have ${maxBatch} messages`);

function isText(value: JsonValue | undefined): boolean {
  return value === undefined || typeof value.value === 'string';
}

function parseMessage(members: ReadonlyMap<string, JsonValue>): RpcMessage | undefined {
  const id = members.get('id')?.value ?? undefined;
  const isId = id === undefined || typeof id === 'string' || typeof id === 'number';
  if (!isId || isContainer(members.get('id'))) return undefined;
  return members.has('method') ? parseRequest(members, id) : parseAnswer(members, id);
}

function isContainer(value: JsonValue | undefined): boolean {
  return value !== undefined && value.kind !== 'scalar';
}

function parseAnswer(members: ReadonlyMap<string, JsonValue>, id: RpcMessage['id']): RpcMessage | undefined {
  const isOne = members.has('result') !== members.has('error');
  if (id === undefined || !isOne || members.has('params')) return undefined;
  return { id, method: undefined, params: {} };
}

function parseRequest(members: ReadonlyMap<string, JsonValue>, id: RpcMessage['id']): RpcMessage | undefined {
  const method = members.get('method')?.value;
  const isAnswer = members.has('result') || members.has('error');
  const params = readParams(members);
  if (typeof method !== 'string' || isAnswer || params === undefined) return undefined;
  return { id, method, params, ...readWritten(method, members) };
}

/** What is told by how it is written. */
function readWritten(
  method: string,
  members: ReadonlyMap<string, JsonValue>,
): Pick<RpcMessage, 'arguments' | 'state'> {
  const written = method === 'tools/call' ? members.get('arguments')?.written : undefined;
  const state = members.get('state')?.written;
  return {
    ...(written === undefined ? {} : { arguments: written }),
    ...(state === undefined ? {} : { state: digestOfText(state) }),
  };
}

function readParams(members: ReadonlyMap<string, JsonValue>): RpcMessage['params'] | undefined {
  const isNamed = (members.get('params')?.kind ?? 'object') === 'object';
  const texts = ['name', 'uri', 'version'].map((key) => members.get(key));
  if (!isNamed || !texts.every(isText)) return undefined;
  const [name, uri, version] = texts.map((each) => each?.value);
  return {
    ...(name === undefined ? {} : { name }),
    ...(uri === undefined ? {} : { uri }),
    ...(version === undefined ? {} : { _meta: { [protocolVersion]: version } }),
  };
}

export class RpcShape implements JsonShape {
  readonly wanted = wantedRpc;
  readonly #messages: RpcMessage[] = [];
  #members = new Map<string, JsonValue>();
  #batch = false;

  value(value: JsonValue): Unreadable | undefined {
    const { key, kind } = value;
    if (key === 'root' && kind === 'array') {
      this.#batch = true;
      return this.#messages.length === 0 ? notRpc : undefined;
    }
    if (key === 'root' || key === 'message') return kind === 'object' ? this.#endMessage() : notRpc;
    this.#members.set(key, value);
    return undefined;
  }

  result(): BodyResult {
    return {
      kind: 'read',
      format: 'json',
      model: undefined,
      stream: undefined,
      includeUsage: undefined,
      choices: 1,
      rpc: { batch: this.#batch, messages: this.#messages },
      spans: {},
    };
  }

  #endMessage(): Unreadable | undefined {
    const read = parseMessage(this.#members);
    this.#members = new Map();
    if (read === undefined) return notRpc;
    this.#messages.push(read);
    return this.#messages.length > maxBatch ? longBatch : undefined;
  }
}

/**
 * JSON-RPC messages of a request body, read so that no server can read them differently (S46): repeated or oddly spelled
 * members, invalid UTF-8, a BOM, deep nesting and long batches make the whole body unreadable. Pure.
 */
import type { RpcBody, RpcMessage } from '../../decision/index.ts';
import { asObject, type JsonObject } from '../providers/codec.ts';

const maxDepth = 128;
// MCP of 2025-06-18 has no batches any more; before, they held a handful.
const maxBatch = 32;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const messageNames = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
const paramNames = new Set(['name', 'uri']);

/** As servers fold names that compare them without case; the Kelvin sign and the long s fold to letters. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}

function hasOddName(object: JsonObject, names: ReadonlySet<string>): boolean {
  return Object.keys(object).some((name) => !names.has(name) && names.has(fold(name)));
}

function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}

/** Notes a string that is the name of a member; true when its object has it already. */
function repeats(text: string, start: number, end: number, names: Set<string> | undefined): boolean {
  if (names === undefined || !isFollowedByColon(text, end + 1)) return false;
  const name = String(JSON.parse(text.slice(start, end + 1)));
  const known = names.has(name);
  names.add(name);
  return known;
}

function isFollowedByColon(text: string, from: number): boolean {
  let index = from;
  while (index < text.length && ' \t\n\r'.includes(text[index] ?? 'x')) index += 1;
  return text[index] === ':';
}

/** Is a member name repeated in any object, or is it nested too deep? The text is valid JSON. */
function isAmbiguous(text: string): boolean {
  const open: Array<Set<string>> = [];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (character === '"') {
      const end = endOfString(text, index);
      if (repeats(text, index, end, open[open.length - 1])) return true;
      index = end;
    } else if ('{['.includes(character)) open.push(new Set());
    else if ('}]'.includes(character)) open.pop();
    if (open.length > maxDepth) return true;
  }
  return false;
}

function parseMessage(value: unknown): RpcMessage | undefined {
  const object = asObject(value);
  if (object === undefined || hasOddName(object, messageNames)) return undefined;
  const { method, id = null } = object;
  const isId = typeof id === 'string' || typeof id === 'number';
  if (id !== null && !isId) return undefined;
  const own = isId ? id : undefined;
  return method === undefined ? parseAnswer(object, own) : parseRequest(object, own);
}

function parseAnswer(object: JsonObject, id: RpcMessage['id']): RpcMessage | undefined {
  const isOne = (object['result'] === undefined) !== (object['error'] === undefined);
  if (id === undefined || !isOne || object['params'] !== undefined) return undefined;
  return { id, method: undefined, params: {} };
}

function parseRequest({ method, params = {} }: JsonObject, id: RpcMessage['id']): RpcMessage | undefined {
  const named = asObject(params);
  if (typeof method !== 'string' || named === undefined || hasOddName(named, paramNames)) return undefined;
  return { id, method, params: named };
}

/** Undefined when the bytes are not one message, or a short batch, that everybody reads the same way. */
export function parseRpcBody(bytes: Uint8Array): RpcBody | undefined {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    const batch = Array.isArray(value);
    const values: readonly unknown[] = batch ? value : [value];
    if (values.length === 0 || values.length > maxBatch || isAmbiguous(text)) return undefined;
    const messages = values.map(parseMessage).filter((each) => each !== undefined);
    return messages.length === values.length ? { batch, messages } : undefined;
  } catch {
    return undefined;
  }
}

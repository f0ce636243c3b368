/**
 * JSON-RPC methods of MCP: which a session needs whatever the rules say, which are about a tool or a resource, and which are
 * so nearly a known one that some server might take them for it. Pure.
 */
import type { ServerRequest } from '../../contract/index.ts';
import type { RpcMessage } from '../rpc-message.ts';

/** What a session needs and no rule is about. Every other method must be taken by a rule, where there are rules. */
export const protocolMethods: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  // The first call of clients since the revision of 2026-07-28.
  'server/discover',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
  'logging/setLevel',
  'completion/complete',
  // They name a task that a judged call began.
  'tasks/get',
  'tasks/result',
  'tasks/cancel',
  'tasks/list',
  'tasks/update',
  // A stream of changes, of clients since the revision of 2026-07-28.
  'subscriptions/listen',
]);

/** Methods whose spelling decides: what a server could read as one of them must be exactly it. */
const governedMethods = [
  'tools/call',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/get',
] as const;

const letters = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z]/g, '');
const governedLetters = new Map<string, string>(governedMethods.map((method) => [letters(method), method]));

// RFC-like names: no white space, no control characters, nothing that is not printable ASCII.
const plainMethod = /^[\x21-\x7e]{1,128}$/;

/** `tools/call ` and `Tools/Call` are not `tools/call`, but a lenient server may think so. */
export function isAmbiguousMethod(method: string): boolean {
  if (!plainMethod.test(method)) return true;
  const meant =
    governedLetters.get(letters(method)) ??
    governedLetters.get(letters(method.replace(/^.*notifications\//i, '')));
  return meant !== undefined && meant !== method;
}

export function isProtocolMethod(method: string): boolean {
  return protocolMethods.has(method) || method.startsWith('notifications/');
}

/** What a server asks of its client, by the method; undefined: a sign of life, which nothing forbids. */
export function serverRequestOf(method: string): ServerRequest | undefined {
  switch (method) {
    case 'ping':
      return undefined;
    case 'sampling/createMessage':
      return 'Sampling';
    case 'elicitation/create':
      return 'Elicitation';
    case 'roots/list':
      return 'Roots';
    default:
      return 'Other';
  }
}

export function toolOf({ method, params }: RpcMessage): string | undefined {
  const name = params['name'];
  return method === 'tools/call' && typeof name === 'string' ? name : undefined;
}

export function resourceOf({ method, params }: RpcMessage): string | undefined {
  const uri = params['uri'];
  return method?.startsWith('resources/') === true && typeof uri === 'string' ? uri : undefined;
}

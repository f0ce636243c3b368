/**
 * What header fields say of the JSON-RPC message they come with, since the revision of 2026-07-28. The body alone is judged, and
 * servers may go by either, so a field that says something else refuses the call. Pure.
 */
import type { RpcBody, RpcMessage } from './rpc-message.ts';
import { spelling } from './spelling.ts';

/** By the name of its field, as `spelling` has it. */
const matters: ReadonlyMap<string, RpcClaim['about']> = new Map([
  ['mcp-method', 'method'],
  ['mcp-name', 'name'],
  ['mcp-protocol-version', 'version'],
]);

export interface RpcClaim {
  readonly about: 'method' | 'name' | 'version';
  /** Decoded. */
  readonly value: string;
}

const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/i;

/** What a field cannot carry as it is stands in Base64. */
function decodeValue(value: string): string {
  const text = value.trim();
  const base64 = encoded.exec(text)?.[1];
  return base64 === undefined ? text : Buffer.from(base64, 'base64').toString('utf8');
}

const noClaims: readonly RpcClaim[] = [];

/** The claims among the fields of a request, whose names are in lower case; one that is repeated makes several. */
export function readClaims(
  fields: ReadonlyArray<{ readonly name: string; readonly value: string }>,
): readonly RpcClaim[] {
  const own = fields.filter(({ name }) => name.startsWith('mcp'));
  if (own.length === 0) return noClaims;
  return own.flatMap(({ name, value }) => {
    const about = matters.get(spelling(name));
    return about === undefined ? [] : [{ about, value: decodeValue(value) }];
  });
}

const versionName = 'io.modelcontextprotocol/protocolVersion';

/** What a message names: a tool or prompt, a resource or a task; undefined: nothing. */
function namesOf({ params }: RpcMessage): readonly unknown[] {
  return [params['name'], params['uri'], params['taskId']].filter((each) => each !== undefined);
}

function versionOf({ params }: RpcMessage): unknown {
  const meta = params['_meta'];
  const known = typeof meta === 'object' && meta !== null && Object.hasOwn(meta, versionName);
  return known ? (meta as Record<string, unknown>)[versionName] : undefined;
}

function agrees({ about, value }: RpcClaim, message: RpcMessage): boolean {
  switch (about) {
    case 'method':
      return message.method === value;
    case 'name': {
      // Two names in one message: nobody can say which of them the field is about.
      const [only, ...more] = namesOf(message);
      return more.length === 0 && only === value;
    }
    case 'version': {
      // Older clients say it in the field alone.
      const version = versionOf(message);
      return version === undefined || version === value;
    }
    default:
      return about satisfies never;
  }
}

/** The first claim that the body does not bear out. Without messages there is no method and no name. */
export function falseClaim(
  claims: readonly RpcClaim[],
  body: RpcBody | undefined,
): RpcClaim['about'] | undefined {
  return claims.find((claim) =>
    body === undefined
      ? claim.about !== 'version'
      : !body.messages.every((message) => agrees(claim, message)),
  )?.about;
}

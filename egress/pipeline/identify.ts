/**
 * Does the request belong to the connection it came on, and is it plain enough to judge? Pure. The name the worker handed
 * out is the only truth; Host, :authority and the path are claims that must agree (S16, S18, S34).
 */
import { isIP } from 'node:net';
import { approvalBounds, parseHostname } from '../../contract/index.ts';
import {
  parseQueryNames,
  parseTarget,
  readClaims,
  refuse,
  type Refusal,
  type RpcClaim,
} from '../../decision/index.ts';
import { fieldValues, listMembers, type Field } from '../http1/index.ts';
import type { Peer } from './call.ts';

export interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly Field[];
  /** HTTP/2's :authority; undefined on HTTP/1. */
  readonly authority?: string;
}

/** One request of an agent, its target taken apart. */
export interface AgentRequest {
  readonly method: string;
  /** As it came. */
  readonly target: string;
  /** Canonical, without query. */
  readonly path: string;
  /** With its question mark; empty: none. */
  readonly query: string;
  readonly queryNames: readonly string[];
  /** What its fields say of a JSON-RPC message in its body. */
  readonly claims: readonly RpcClaim[];
  readonly fields: readonly Field[];
  readonly upgrade: 'websocket' | 'other' | undefined;
}

const connectionOptions = new Set(['keep-alive', 'close', 'upgrade', 'te', 'http2-settings']);

function splitAuthority(text: string): { host: string; port: number | undefined } | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]@/\s]+)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  return { host: match[1] ?? '', port: match[2] === undefined ? undefined : Number(match[2]) };
}

function agrees(text: string, peer: Peer): boolean {
  // What nearly every request says.
  if (text === peer.hostname) return true;
  const authority = splitAuthority(text);
  if (authority === undefined) return false;
  if (authority.port !== undefined && authority.port !== peer.port) return false;
  if (peer.hostname !== undefined) return parseHostname(authority.host) === peer.hostname;
  return isIP(authority.host) !== 0 && authority.host === peer.ip;
}

function judgeAuthority(line: RequestLine, peer: Peer): Refusal | undefined {
  const hosts = fieldValues(line.fields, 'host');
  const claims = line.authority === undefined ? hosts : [line.authority, ...hosts];
  if (claims.length === 0 || hosts.length > 1) {
    return refuse(400, 'protocol', 'a request must name exactly one host');
  }
  if (claims.some((claim) => !agrees(claim, peer))) {
    return refuse(
      421,
      'host_mismatch',
      'the Host of the request is not the host this connection was opened to',
    );
  }
  return undefined;
}

/** RFC 9110's token; HTTP/2 would take any text of any length. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function judgeForm(line: RequestLine): Refusal | undefined {
  // Whoever is asked for approval, or reads a record, sees all of it.
  if (line.method.length > approvalBounds.method || !token.test(line.method)) {
    return refuse(400, 'protocol', `a method is a word of at most ${approvalBounds.method} letters`);
  }
  if (line.method === 'CONNECT' || line.method === 'TRACE') {
    return refuse(405, 'protocol', `${line.method} is not allowed through the egress gateway`);
  }
  if (line.target === '*' ? line.method !== 'OPTIONS' : !line.target.startsWith('/')) {
    return refuse(400, 'protocol', 'the request target must be a path');
  }
  if (listMembers(line.fields, 'connection').some((option) => !connectionOptions.has(option))) {
    return refuse(400, 'protocol', 'Connection may not name other header fields');
  }
  return undefined;
}

/** What the request wants to become: a WebSocket is relayed as one, anything else is never let through as asked. */
function upgradeOf({ method, fields }: RequestLine): AgentRequest['upgrade'] {
  const wanted = listMembers(fields, 'upgrade');
  if (wanted.length === 0) return undefined;
  const isWebSocket =
    method === 'GET' &&
    wanted.join() === 'websocket' &&
    listMembers(fields, 'connection').includes('upgrade');
  return isWebSocket ? 'websocket' : 'other';
}

/** The request, or why it is refused. */
export function identify(line: RequestLine, peer: Peer): AgentRequest | Refusal {
  const refusal = judgeForm(line) ?? judgeAuthority(line, peer);
  if (refusal !== undefined) return refusal;
  const { method, target, fields } = line;
  const { path, query } = parseTarget(target);
  const upgrade = upgradeOf(line);
  const [queryNames, claims] = [parseQueryNames(query), readClaims(fields)];
  return { method, target, path, query, queryNames, claims, fields, upgrade };
}

export function isRefusal(value: AgentRequest | Refusal): value is Refusal {
  return 'kind' in value;
}

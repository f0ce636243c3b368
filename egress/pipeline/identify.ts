/**
 * Stage 1: does the request belong to the connection it came on, and is it plain enough to judge? Pure. The name the
 * worker handed out is the only truth; Host, :authority and the path are claims that must agree (S16, S18, S34).
 */
import { isIP } from 'node:net';
import { parseHostname, providerOfHost, type Provider } from '../../contract/index.ts';
import { fieldValues, listMembers, type Field } from '../http1/index.ts';
import { refuse, type Call, type Peer, type Refusal } from './call.ts';

export interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly Field[];
  /** HTTP/2's :authority; undefined on HTTP/1. */
  readonly authority?: string;
}

/** Dot segments, doubled or encoded separators, encoded dots and percent signs, matrix parameters, backslashes. */
const trickyPath = /\/\/|\/\.{1,2}(?:\/|$)|%2e|%2f|%5c|%25|%00|[;\\#]/i;
const connectionOptions = new Set(['keep-alive', 'close', 'upgrade', 'te', 'http2-settings']);

function splitAuthority(text: string): { host: string; port: number | undefined } | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]@/\s]+)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  return { host: match[1] ?? '', port: match[2] === undefined ? undefined : Number(match[2]) };
}

/** What the calls of a connection have in common, found out once. */
interface Known {
  readonly provider: Provider | undefined;
  /** The authority that agreed last, over TLS and not: clients repeat it with every request. */
  readonly agreed: { tls: string | undefined; tcp: string | undefined };
}

const known = new WeakMap<Peer, Known>();

function knownOf(peer: Peer): Known {
  let facts = known.get(peer);
  if (facts === undefined) {
    const provider = peer.hostname === undefined ? undefined : providerOfHost(peer.hostname);
    facts = { provider, agreed: { tls: undefined, tcp: undefined } };
    known.set(peer, facts);
  }
  return facts;
}

function agrees(text: string, peer: Peer, tls: boolean): boolean {
  const { agreed } = knownOf(peer);
  const key = tls ? 'tls' : 'tcp';
  if (agreed[key] === text) return true;
  if (!authorityMatches(text, peer, tls)) return false;
  agreed[key] = text;
  return true;
}

function authorityMatches(text: string, peer: Peer, tls: boolean): boolean {
  const authority = splitAuthority(text);
  if (authority === undefined) return false;
  if ((authority.port ?? (tls ? 443 : 80)) !== peer.port && authority.port !== undefined) return false;
  if (peer.hostname !== undefined) return parseHostname(authority.host) === peer.hostname;
  return isIP(authority.host) !== 0 && authority.host === peer.ip;
}

function judgeAuthority(line: RequestLine, peer: Peer, tls: boolean): Refusal | undefined {
  const hosts = fieldValues(line.fields, 'host');
  const claims = line.authority === undefined ? hosts : [line.authority, ...hosts];
  if (claims.length === 0 || hosts.length > 1) {
    return refuse(400, 'protocol', 'a request must name exactly one host');
  }
  if (claims.some((claim) => !agrees(claim, peer, tls))) {
    return refuse(
      421,
      'host_mismatch',
      'the Host of the request is not the host this connection was opened to',
    );
  }
  return undefined;
}

function judgeForm(line: RequestLine): Refusal | undefined {
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

/** The call, or why it is refused. `model` is filled in later by the provider's codec. */
export function identify(line: RequestLine, peer: Peer, tls: boolean): Call | Refusal {
  const refusal = judgeForm(line) ?? judgeAuthority(line, peer, tls);
  if (refusal !== undefined) return refusal;
  const query = line.target.indexOf('?');
  const path = query < 0 ? line.target : line.target.slice(0, query);
  const { provider } = knownOf(peer);
  if (provider !== undefined && trickyPath.test(path)) {
    return refuse(400, 'protocol', 'the path can be read in more than one way');
  }
  const { method, target, fields } = line;
  return { peer, tls, method, target, path, fields, provider, model: undefined };
}

export function isRefusal(value: Call | Refusal): value is Refusal {
  return 'kind' in value;
}

/** True when the path may be matched by a route's globs without being read in two ways (S34). */
export function isPlainPath(path: string): boolean {
  return !trickyPath.test(path);
}

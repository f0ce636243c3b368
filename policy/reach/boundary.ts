/**
 * An organisation's outermost reach, as it is written down: rows in the vocabulary of reach, each a set of calls that may be
 * opened to somebody. Read strictly: a word nobody knows is an error, because a boundary that was misread holds nothing back.
 */
import { parse } from 'yaml';
import {
  ClrkError,
  cidrContains,
  matchesHostname,
  parseCidr,
  parseHostnamePattern,
  parseIp,
  type Cidr,
  type HostnamePattern,
} from '../../contract/index.ts';
import { compileGlob, openingGlobs, type GlobList } from '../../decision/index.ts';
import type { PortSpan } from './partition.ts';
import { reachProtocols, type ReachDestination, type ReachProtocol } from './spot.ts';

/** One row. A list that is not written: every one, but for `credentials` and `sentTo`, where it is none. */
export interface BoundaryRow {
  /** Globs of `ns/name`. */
  readonly agents: GlobList;
  /** Every name and every address. */
  readonly every: boolean;
  readonly patterns: readonly HostnamePattern[];
  readonly cidrs: readonly Cidr[];
  /** Empty: every port. */
  readonly ports: readonly PortSpan[];
  readonly protocols: readonly ReachProtocol[];
  readonly methods: GlobList;
  readonly endpoints: GlobList;
  readonly models: GlobList;
  /** Tools of MCP servers; a list holds no call of a host that no MCPRoute governs. */
  readonly tools: GlobList;
  /** Globs of `ns/secret/key` that may be put on the calls. */
  readonly credentials: GlobList;
  /** Globs of `host:port` of Backends that the calls may be sent to. */
  readonly sentTo: GlobList;
}

export interface Boundary {
  readonly rows: readonly BoundaryRow[];
}

const fields = [
  ...(['agents', 'destinations', 'ports', 'protocols', 'methods', 'endpoints', 'models', 'tools'] as const),
  ...(['credentials', 'sentTo'] as const),
];
type Field = (typeof fields)[number];

function broken(message: string): ClrkError {
  return new ClrkError('BOUNDARY_INVALID', `the boundary cannot be read: ${message}`, {
    hint: `A boundary is \`version: 1\` and \`rows\`, each with lists of ${fields.join(', ')}.`,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(row: Record<string, unknown>, field: Field, at: string): readonly string[] {
  const value = row[field];
  if (value === undefined) return [];
  const isList = Array.isArray(value) && value.length > 0;
  if (!isList) throw broken(`${at}.${field} is to be a list that is not empty`);
  return value.map((each: unknown) => {
    if (typeof each !== 'string' && typeof each !== 'number') throw broken(`${at}.${field} holds no text`);
    return String(each);
  });
}

function parsePort(text: string, at: string): PortSpan {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const span = { start: Number(first), end: Number(last) };
  if (first === '' || span.start < 1 || span.end > 65_535 || span.start > span.end) {
    throw broken(`${at}: "${text}" is no port and no range of ports`);
  }
  return span;
}

function parseGlobs(texts: readonly string[], at: string): GlobList {
  const wrong = texts.find((text) => compileGlob(text) === undefined);
  if (wrong !== undefined) throw broken(`${at}: "${wrong}" is no glob`);
  return openingGlobs(texts);
}

type Places = Pick<BoundaryRow, 'every' | 'patterns' | 'cidrs'>;

function parsePlaces(texts: readonly string[], at: string): Places {
  const written = texts.filter((text) => text !== '*');
  const [patterns, cidrs] = [written.map(parseHostnamePattern), written.map(parseCidr)];
  const wrong = written.find((_text, index) => patterns[index] === undefined && cidrs[index] === undefined);
  if (wrong !== undefined) throw broken(`${at}: "${wrong}" is no host name, wildcard or CIDR`);
  const every = texts.length === 0 || texts.includes('*');
  return {
    every,
    patterns: patterns.filter((each) => each !== undefined),
    cidrs: cidrs.filter((each) => each !== undefined),
  };
}

function parseProtocols(texts: readonly string[], at: string): readonly ReachProtocol[] {
  const found = texts.map((text) => reachProtocols.find((each) => each === text));
  if (found.includes(undefined)) throw broken(`${at}: there are ${reachProtocols.join(', ')}`);
  return texts.length === 0 ? reachProtocols : found.filter((each) => each !== undefined);
}

function parseRow(row: unknown, index: number): BoundaryRow {
  const at = `rows[${index}]`;
  if (!isRecord(row)) throw broken(`${at} is to be a mapping`);
  const unknown = Object.keys(row).find((key) => !fields.some((field) => field === key));
  if (unknown !== undefined) throw broken(`${at} has a field "${unknown}"`);
  const list = (field: Field): readonly string[] => listOf(row, field, at);
  const globs = (field: Field): GlobList => parseGlobs(list(field), `${at}.${field}`);
  return {
    agents: globs('agents'),
    ...parsePlaces(list('destinations'), `${at}.destinations`),
    ports: list('ports').map((text) => parsePort(text, `${at}.ports`)),
    protocols: parseProtocols(list('protocols'), `${at}.protocols`),
    methods: globs('methods'),
    endpoints: globs('endpoints'),
    models: globs('models'),
    tools: globs('tools'),
    credentials: globs('credentials'),
    sentTo: globs('sentTo'),
  };
}

/** @throws ClrkError BOUNDARY_INVALID */
export function parseBoundary(text: string): Boundary {
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw broken(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it is no YAML');
  }
  if (!isRecord(document) || document['version'] !== 1) throw broken('its version is not 1');
  const unknown = Object.keys(document).find((key) => key !== 'version' && key !== 'rows');
  if (unknown !== undefined) throw broken(`it has a field "${unknown}"`);
  const { rows } = document;
  if (!Array.isArray(rows)) throw broken('rows is to be a list');
  return { rows: rows.map(parseRow) };
}

export interface Spoken {
  readonly agent: string;
  readonly destination: ReachDestination;
  readonly protocol: ReachProtocol;
}

function holdsPlace(row: BoundaryRow, { hostname, ip, port }: ReachDestination): boolean {
  if (row.ports.length > 0 && !row.ports.some(({ start, end }) => port >= start && port <= end)) return false;
  if (hostname !== undefined) {
    return row.every || row.patterns.some((pattern) => matchesHostname(pattern, hostname));
  }
  const address = ip === undefined ? undefined : parseIp(ip);
  return row.every || (address !== undefined && row.cidrs.some((cidr) => cidrContains(cidr, address)));
}

export function rowsAt({ rows }: Boundary, { agent, destination, protocol }: Spoken): BoundaryRow[] {
  const name = agent.split('/').slice(1).join('/');
  return rows.filter(
    (row) =>
      (row.agents.texts.length === 0 || row.agents.takes(name)) &&
      row.protocols.includes(protocol) &&
      holdsPlace(row, destination),
  );
}

/**
 * The parameters and fields of a request by what servers may take their names for, read once a call however many rules ask: an
 * agent chooses how many there are. Pure; linear.
 */
import { splitQuery, type WrittenPair } from './path.ts';
import { rootOf } from './spelling.ts';

export interface Stated {
  readonly name: string;
  readonly value: string;
  /** To servers that take a plus sign for itself and not for a space; absent: the same. */
  readonly literal?: string;
}

/** By `rootOf` the name. */
export type StatedByRoot = ReadonlyMap<string, readonly Stated[]>;

function byRoot(all: readonly Stated[]): StatedByRoot {
  const found = new Map<string, Stated[]>();
  for (const each of all) {
    const root = rootOf(each.name);
    const same = found.get(root);
    if (same === undefined) found.set(root, [each]);
    else same.push(each);
  }
  return found;
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return /[\u0000-\u001f\u007f]/.test(decoded) ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/** undefined: servers may read it in more than one way. */
function parsePair([rawName, rawValue]: WrittenPair): Stated | undefined {
  const name = rawName.includes('+') ? undefined : decode(rawName);
  const value = decode(rawValue.replaceAll('+', ' '));
  if (name === undefined || value === undefined) return undefined;
  const literal = rawValue.includes('+') ? decode(rawValue) : undefined;
  return literal === undefined ? { name, value } : { name, value, literal };
}

function parseQuery(query: string): readonly Stated[] | undefined {
  // A semicolon separates parameters for some servers.
  if (/[;#]/.test(query)) return undefined;
  const stated: Stated[] = [];
  for (const pair of splitQuery(query.slice(1))) {
    const each = parsePair(pair);
    if (each === undefined) return undefined;
    stated.push(each);
  }
  return stated;
}

/** What rules of EgressHTTPRoutes ask of a request's head beyond its line. */
export interface HeadText {
  /** As it is sent, from the question mark on; empty: none. */
  readonly query: string;
  /** Names in lower case. */
  readonly fields: ReadonlyArray<{ readonly name: string; readonly value: string }>;
  /** Of the body, as the head says; undefined: it does not. */
  readonly bodyBytes: number | undefined;
}

/** Read when it is first asked, and once. */
export class RequestHead implements HeadText {
  readonly query: string;
  readonly fields: HeadText['fields'];
  readonly bodyBytes: number | undefined;
  #parameters: { readonly read: StatedByRoot | undefined } | undefined;
  #stated: StatedByRoot | undefined;

  constructor({ query, fields, bodyBytes }: HeadText) {
    this.query = query;
    this.fields = fields;
    this.bodyBytes = bodyBytes;
  }

  /** undefined: servers may read the query in more than one way. */
  get parameters(): StatedByRoot | undefined {
    if (this.#parameters === undefined) {
      const stated = parseQuery(this.query);
      this.#parameters = { read: stated && byRoot(stated) };
    }
    return this.#parameters.read;
  }

  get stated(): StatedByRoot {
    this.#stated ??= byRoot(this.fields.map(({ name, value }) => ({ name, value: value.trim() })));
    return this.#stated;
  }
}

/**
 * Who calls, by the extractors of the agent: from headers, from the body as far as it is here already, from the bearer token. Pure but
 * for the keys, which are read once a config. A caller can make a field unknown, and nothing else: nothing of his throws, waits, or
 * is remembered beyond its bound.
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  maxCallerBytes,
  maxCallerFields,
  maxCallerValueBytes,
  parseJsonPath,
  parseKeySet,
  valueAtPath,
  type CallerExtractor,
  type CallerField,
  type CallerProblem,
  type JsonPath,
} from '../contract/index.ts';
import { BearerToken, type TokenReading, type Verifier } from './json-web-token.ts';

export interface CallerInput {
  readonly headers: IncomingHttpHeaders;
  /** The whole body, if all of it is here; undefined: it is not, or is too long to look into. */
  readonly body: Buffer | undefined;
  /** Unix milliseconds. */
  readonly now: number;
}

/** One request, opened once for all extractors. */
interface Opened extends CallerInput {
  /** The body as JSON; undefined: it is none, or is not here. */
  readonly document: unknown;
  readonly token: BearerToken;
}

type Found = { readonly value: string; readonly verified: boolean } | { readonly problem: CallerProblem };

interface Compiled {
  readonly extractor: CallerExtractor;
  readonly path: JsonPath | undefined;
  /** `broken`: there is a key set, and no key in it can be used. */
  readonly verifier: Verifier | 'broken' | undefined;
}

// Control characters, and what turns the direction of what a person reads.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

function textOf(value: unknown, verified: boolean): Found {
  if (value === undefined || value === null || value === '') return { problem: 'Missing' };
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return { problem: 'Unreadable' };
  }
  const text = String(value);
  if (Buffer.byteLength(text) > maxCallerValueBytes) return { problem: 'TooLong' };
  return unprintable.test(text) ? { problem: 'Unreadable' } : { value: text, verified };
}

function fitting(found: Found, room: number): Found {
  return 'value' in found && Buffer.byteLength(found.value) > room ? { problem: 'TooLong' } : found;
}

function compile(extractor: CallerExtractor): Compiled {
  const { source, from, jwks, issuer, audience } = extractor;
  const path = source === 'Body' ? parseJsonPath(from) : undefined;
  if (source !== 'JWT' || jwks === undefined) return { extractor, path, verifier: undefined };
  const keys = parseKeySet(jwks);
  return { extractor, path, verifier: keys === undefined ? 'broken' : { jwks, keys, issuer, audience } };
}

function parseBody(body: Buffer, headers: IncomingHttpHeaders): unknown {
  // Nothing stands in no body.
  if (body.length === 0) return {};
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

const problemOfToken: Readonly<Record<Exclude<TokenReading['kind'], 'claims'>, CallerProblem>> = {
  missing: 'Missing',
  unreadable: 'Unreadable',
  notVerified: 'NotVerified',
};

export class CallerReader {
  readonly #extractors: readonly Compiled[];

  constructor(extractors: readonly CallerExtractor[]) {
    this.#extractors = extractors.slice(0, maxCallerFields).map(compile);
  }

  /** A field each, in order; of several extractors for one field the first that finds something. */
  read(input: CallerInput): CallerField[] {
    const readsBody = this.#extractors.some(({ extractor }) => extractor.source === 'Body');
    const document = readsBody && input.body ? parseBody(input.body, input.headers) : undefined;
    const request = { ...input, document, token: new BearerToken(input.headers.authorization) };
    const fields = new Map<string, CallerField>();
    let room = maxCallerBytes;
    for (const compiled of this.#extractors) {
      const { field, source } = compiled.extractor;
      if (fields.get(field)?.value !== undefined) continue;
      const found = fitting(this.#find(compiled, request), room);
      if ('value' in found) room -= Buffer.byteLength(found.value);
      else if (fields.has(field)) continue;
      fields.set(field, { field, source, verified: false, ...found });
    }
    return [...fields.values()];
  }

  #find({ extractor, path, verifier }: Compiled, { document, token, ...input }: Opened): Found {
    const { source, from } = extractor;
    switch (source) {
      case 'Header': {
        const value = input.headers[from.toLowerCase()];
        return textOf(Array.isArray(value) ? value.join(', ') : value, false);
      }
      case 'Body':
        if (path === undefined) return { problem: 'Unreadable' };
        if (document === undefined) return { problem: input.body === undefined ? 'NotRead' : 'Unreadable' };
        return textOf(valueAtPath(document, path), false);
      case 'JWT': {
        if (verifier === 'broken') return { problem: 'NotVerified' };
        const reading = token.read(verifier, input.now);
        if (reading.kind !== 'claims') return { problem: problemOfToken[reading.kind] };
        const { claims, verified } = reading;
        return textOf(Object.hasOwn(claims, from) ? claims[from] : undefined, verified);
      }
      default:
        return source satisfies never;
    }
  }
}

/**
 * What became of a call whose caller did not wait, in NATS: for each call a mark, written before it is taken, and its result once
 * there is one. Each namespace has a stream of its own, so that what one keeps takes no room from another. Times are the
 * server's own: of two ingresses neither's clock matters.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { hardTimeoutMs } from './http-header.ts';
import { natsToken } from './platform-identity.ts';

const kib = 1024;

export const callResults = {
  name: 'CLRK_RESULTS',
  /** A result can be fetched for so long after the longest its run may take. */
  keepMs: 60 * 60_000,
  /** That there was one is known for so long. */
  rememberMs: 24 * 60 * 60_000,
  /** Of one namespace; full, it refuses: no result gives way to another before its time. */
  maxBytes: 8 * 1024 * kib,
  /** Of one answer; what is over is not kept, and said to be missing. */
  maxBodyBytes: 256 * kib,
  maxHeaderBytes: 8 * kib,
  /** With a mark's or result's own head. */
  maxRecordBytes: 288 * kib,
} as const;

/** Where a result is fetched, below the agent's own address: agents do not see calls of this prefix. */
export const reservedPath = '/.well-known/clrk/';
export const resultPathPrefix = `${reservedPath}invocations/`;

/** For `Location`: good under every name the ingress is reached by. */
export function resultLocation(
  agent: { readonly namespace: string; readonly name: string },
  id: string,
): string {
  return `/agents/${agent.namespace}/${agent.name}${resultPathPrefix}${id}`;
}

const markSchema = Type.Object({
  version: Type.Literal(1),
  /** So long after the mark its run is over, whatever became of it. */
  runMs: Type.Integer({ minimum: 1, maximum: hardTimeoutMs * 2 }),
  /** Of what was verified of its caller: nobody else is given the result. Absent: nothing was. */
  caller: Type.Optional(Type.String({ maxLength: 64 })),
});
export type CallMark = Static<typeof markSchema>;

const resultHeadSchema = Type.Object({
  version: Type.Literal(1),
  status: Type.Integer({ minimum: 100, maximum: 599 }),
  headers: Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())])),
  /** `cut`: it was longer than what is kept. `broken`: it ended before its end. */
  end: Type.Union([Type.Literal('whole'), Type.Literal('cut'), Type.Literal('broken')]),
  /** Of the body, as it came. */
  bytes: Type.Integer({ minimum: 0 }),
  /** Names of headers there was no room for. */
  headersLeft: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type CallResultHead = Static<typeof resultHeadSchema>;
export type CallResult = CallResultHead & { readonly body: Uint8Array };

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function parseCallMark(text: string): CallMark | undefined {
  const value = parsed(text);
  return Value.Check(markSchema, value) ? value : undefined;
}

/** Head as JSON, a line end, the body as it came. */
export function encodeCallResult({ body, ...head }: CallResult): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
}

export function decodeCallResult(record: Uint8Array): CallResult | undefined {
  const end = record.indexOf(0x0a);
  if (end < 0) return undefined;
  const head = parsed(Buffer.from(record.subarray(0, end)).toString('utf8'));
  return Value.Check(resultHeadSchema, head) ? { ...head, body: record.subarray(end + 1) } : undefined;
}

export interface ResultKey {
  readonly namespace: string;
  /** Of the agent: one made anew under the same name knows nothing of the old one's calls. */
  readonly uid: string;
  readonly id: string;
}

export function resultStream(namespace: string): string {
  return `KV_${callResults.name}_${natsToken(namespace)}`;
}

/** All of a namespace; `>` of everybody. */
export function resultSubjects(namespace: string): string {
  return namespace === '>'
    ? `$KV.${callResults.name}.>`
    : `$KV.${callResults.name}.${natsToken(namespace)}.>`;
}

export function resultSubject({ namespace, uid, id }: ResultKey, part: 'mark' | 'result'): string {
  return `$KV.${callResults.name}.${natsToken(namespace)}.${natsToken(uid)}.${id}.${part}`;
}

export function resultReadSubject(key: ResultKey, part: 'mark' | 'result'): string {
  return `$JS.API.DIRECT.GET.${resultStream(key.namespace)}.${resultSubject(key, part)}`;
}

/** Where all of all namespaces are read. */
export const resultReadSubjects = `$JS.API.DIRECT.GET.*.${resultSubjects('>')}`;

/** Said by an ingress that has a result to keep in a namespace without a place for it; the operator makes one. */
export function resultsWantedSubject(namespace: string): string {
  return `clrk.results.wanted.${namespace === '*' ? '*' : natsToken(namespace)}`;
}

/**
 * How many tokens of a budget, or calls of a limit, are taken, in NATS KV: one key for each of them and period, changed by
 * compare-and-set alone. What a gateway has leased counts as taken, so the sum over all gateways never exceeds the cap, whoever
 * dies when.
 */
import { Type, type Static } from 'typebox';
import { maxMarks } from './budget-warning.ts';
import { natsToken } from './platform-identity.ts';

export const budgetLedger = {
  bucket: 'CLRK_BUDGETS',
  /** A key nobody has written for so long is gone: a day's count is kept over its end. */
  ttlMs: 48 * 60 * 60_000,
  /** Of an execution: there are many more of them, and one that makes no call for so long starts anew. */
  executionTtlMs: 6 * 60 * 60_000,
  /** Of a window, over its length: gateways whose clocks differ by less count in the same one. */
  windowSlackMs: 60_000,
  /**
   * Of one namespace, whose gateways share it and nobody else; full: calls of it under a budget that has no key yet are refused. A key
   * takes 200 to 400 bytes: 40,000 and more.
   */
  maxBytes: 16 * 1024 * 1024,
  /** Of one key, with its headers. */
  maxRecordBytes: 1024,
} as const;

/** The last writes' ids, so that a writer who was not answered finds out whether it wrote. */
export const keptWrites = 8;

export const ledgerEntrySchema = Type.Object({
  version: Type.Literal(1),
  /** Tokens (or calls) used, or leased to a gateway. Settled calls may have used more than the budget: never hidden. */
  taken: Type.Integer({ minimum: 0 }),
  /** How often the key was written. */
  writes: Type.Integer({ minimum: 1 }),
  /** Ids of the last writes, newest last. */
  ids: Type.Array(Type.String(), { maxItems: keptWrites }),
  /** Thresholds that were passed (budget-warning.ts). Absent: none, or an older gateway wrote last. */
  warned: Type.Optional(Type.Array(Type.String({ maxLength: 20 }), { maxItems: maxMarks })),
});
export type LedgerEntry = Static<typeof ledgerEntrySchema>;

/** Windows of limits: shorter ones would be a key for every call, longer ones would outlive their count. */
export const windowBounds = { leastMs: 1_000, mostMs: 24 * 60 * 60_000 } as const;

/** What one entry of a namespace counts: a budget or a limit in one day, execution or window. */
export interface LedgerKey {
  /** Which: the operator names it (operator/compile). */
  readonly account: string;
  /**
   * `day/2026-11-27`, `run/<invocation>`, or `window/<length>/<number>/<whose>`; behind `tokens/` where a window is one of tokens,
   * and behind `usd/` where what is counted is money.
   */
  readonly period: string;
  /** Without a write for so long it is gone; absent: as the bucket says. Not a part of the key. */
  readonly ttlMs?: number;
}

/** A token of a NATS subject for any text; two texts never have the same. */
function token(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** The key in the bucket. `namespace`: of the gateways; their identities may touch no other's. */
export function ledgerKey(namespace: string, { account, period }: LedgerKey): string {
  return [natsToken(namespace), token(account), token(period)].join('.');
}

/** Each namespace has one of its own: what its gateways write into it takes no room from others. */
export function ledgerStream(namespace: string): string {
  return `KV_${budgetLedger.bucket}_${natsToken(namespace)}`;
}

/** All keys of a namespace. */
export function ledgerSubjects(namespace: string): string {
  return ledgerSubject(`${natsToken(namespace)}.>`);
}

export function ledgerSubject(key: string): string {
  return `$KV.${budgetLedger.bucket}.${key}`;
}

/** Where one key is read without naming the stream's consumers. `key`: begins with the namespace. */
export function ledgerReadSubject(key: string): string {
  const [namespace = ''] = key.split('.', 1);
  return `$JS.API.DIRECT.GET.${ledgerStream(namespace)}.${ledgerSubject(key)}`;
}

/** Where all of all namespaces are read. */
export const ledgerReadSubjects = `$JS.API.DIRECT.GET.*.${ledgerSubject('>')}`;

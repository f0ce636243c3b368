/**
 * `clrk-waivers.yaml`: findings somebody has decided to live with for a while, in git beside what they are about. Read
 * strictly: an entry that is not understood is an error, because it must neither hide a finding nor lose one.
 */
import { LineCounter, parseDocument, isMap, isNode, isSeq, type Document } from 'yaml';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { Finding } from '../finding.ts';
import { inputRules } from '../input-rules.ts';
import { rules } from '../rules/index.ts';

export const waiversFile = 'clrk-waivers.yaml';
/** Exceptions are for a while. */
export const maxWaiverDays = 90;
const dayMs = 86_400_000;
const maxWaivers = 1_000;

const schema = Type.Object(
  {
    rule: Type.String({ minLength: 1 }),
    kind: Type.Optional(Type.String({ minLength: 1 })),
    /** Unset: what has no namespace, or the default one. There is no waiver for every namespace. */
    namespace: Type.Optional(Type.String({ pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' })),
    name: Type.String({ minLength: 1 }),
    path: Type.Optional(Type.String({ minLength: 1 })),
    reason: Type.String({ minLength: 10, maxLength: 1_024 }),
    owner: Type.String({ minLength: 2, maxLength: 253 }),
    expires: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
  },
  { additionalProperties: false },
);

/** As it is written. */
export type WaiverEntry = Static<typeof schema>;

export interface Waiver extends WaiverEntry {
  readonly line: number;
}

export interface WaiverFile {
  readonly file: string;
  readonly waivers: readonly Waiver[];
  /** Of rule `waivers-unreadable`. */
  readonly problems: readonly Finding[];
}

/** Rules a waiver may be for: not those that say that something could not be read, nor those about waivers. */
export function waivableRules(): string[] {
  const others = inputRules.filter(({ id }) =>
    ['schema', 'unknown-field', 'unknown-kind', 'duplicate-object', 'crd-differs'].includes(id),
  );
  return [...others, ...rules].map(({ id }) => id);
}

/** What is wrong with one entry, or undefined. */
function problemOf(entry: unknown, now: Date): string | undefined {
  if (!Value.Check(schema, entry)) {
    const [error] = Value.Errors(schema, entry);
    const field = error?.instancePath.slice(1) ?? '';
    return `a waiver needs rule, name, reason (10 characters), owner and expires (YYYY-MM-DD): ${field} ${error?.message ?? ''}`.trim();
  }
  if (!waivableRules().includes(entry.rule)) return `there is no rule "${entry.rule}" that can be waived`;
  return problemOfDate(entry.expires, now);
}

function problemOfDate(text: string, now: Date): string | undefined {
  const expires = Date.parse(`${text}T23:59:59Z`);
  // Date.parse takes the 31st of February for the 3rd of March.
  const isDate = !Number.isNaN(expires) && new Date(expires).toISOString().startsWith(text);
  if (!isDate) return `"${text}" is not a date`;
  const days = Math.floor((expires - now.getTime()) / dayMs);
  return days > maxWaiverDays
    ? `expires ${text} is ${days} days ahead, the most is ${maxWaiverDays}`
    : undefined;
}

export function isExpired({ expires }: Pick<Waiver, 'expires'>, now: Date): boolean {
  return now.getTime() > Date.parse(`${expires}T23:59:59Z`);
}

export function parseWaivers(text: string, file: string, now: Date): WaiverFile {
  const lines = new LineCounter();
  const problems: Finding[] = [];
  const complain = (line: number, message: string): void => {
    const hint = 'See docs/rules/waivers-unreadable.md; `clrk waive` writes entries that are right.';
    const about = { object: undefined, path: '', source: undefined };
    problems.push({
      rule: 'waivers-unreadable',
      severity: 'error',
      message,
      hint,
      location: { file, line, column: 1 },
      ...about,
    });
  };
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined)
    complain(lines.linePos(error.pos[0]).line, error.message.split('\n')[0] ?? 'not YAML');
  const entries = error === undefined ? entriesOf(document, lines) : [];
  if (entries === undefined) complain(1, 'the file must be `waivers:` with a list of entries');
  if ((entries ?? []).length > maxWaivers) complain(1, `more than ${maxWaivers} waivers`);
  const waivers = (entries ?? []).slice(0, maxWaivers).flatMap(({ value, line }): Waiver[] => {
    const problem = problemOf(value, now);
    if (problem !== undefined) complain(line, problem);
    return problem === undefined && Value.Check(schema, value) ? [{ ...value, line }] : [];
  });
  return { file, waivers, problems };
}

function entriesOf(
  document: Document,
  lines: LineCounter,
): Array<{ value: unknown; line: number }> | undefined {
  if (document.contents === null) return [];
  const list = isMap(document.contents) ? document.contents.get('waivers') : undefined;
  if (!isSeq(list)) return undefined;
  return list.items.map((item) => {
    const offset = isNode(item) ? item.range?.[0] : undefined;
    return { value: isNode(item) ? item.toJS(document) : undefined, line: lines.linePos(offset ?? 0).line };
  });
}

/**
 * Field and label selectors as what the store can look for by its keys. Pure. A selector that cannot be carried out is
 * refused, never passed over: who asked for less must not be given more.
 */
import {
  agentKinds,
  ClrkError,
  isInvocationId,
  phases as allPhases,
  type AgentKind,
  type Phase,
} from '../../contract/index.ts';
import { agentKindLabel, agentLabel } from './invocation-object.ts';

export interface Selection {
  /** Two terms that exclude each other: nothing is like that. */
  readonly nothing?: true;
  readonly namespace?: string;
  readonly id?: string;
  readonly agent?: string;
  readonly kinds: readonly AgentKind[];
  /** Empty: all. */
  readonly phases: readonly Phase[];
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

interface Term {
  readonly key: string;
  readonly isEqual: boolean;
  readonly value: string;
}

const maxChars = 4096;
const maxTerms = 16;
const known = [
  'metadata.name',
  'metadata.namespace',
  'spec.parentRef.kind',
  'spec.parentRef.name',
  'status.phase',
  'since',
  'until',
];

function bad(message: string): ClrkError {
  return new ClrkError('BAD_REQUEST', message);
}

/** Commas, equals signs and backslashes of values stand behind a backslash. */
function splitTerms(text: string): string[] {
  const terms = [''];
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const last = terms.length - 1;
    if (char === '\\') terms[last] += text.slice(at, ++at + 1);
    else if (char === ',') terms.push('');
    else terms[last] += char;
  }
  return terms;
}

function unescape(text: string): string {
  return text.replace(/\\([\\,=])/g, '$1');
}

function parseTerm(text: string): Term {
  const match = /^([A-Za-z][\w./-]*?)\s*(!=|==|=)\s*((?:[^\\=]|\\[\\,=])*)$/.exec(text);
  if (match === null)
    throw bad(`"${text.slice(0, 60)}" is not a selector that can be carried out: use key=value`);
  const [, key = '', operator, value = ''] = match;
  return { key, isEqual: operator !== '!=', value: unescape(value) };
}

function parseTerms(text: string | null): readonly Term[] {
  if (text === null || text === '') return [];
  if (text.length > maxChars) throw bad('the selector is too long');
  const terms = splitTerms(text).map((term) => term.trim());
  if (terms.length > maxTerms) throw bad(`a selector has at most ${maxTerms} terms`);
  return terms.map(parseTerm);
}

/** What holds of a selection and one more term. */
type Narrowed = Omit<Selection, 'kinds' | 'phases'> & {
  kinds: readonly AgentKind[];
  phases: readonly Phase[];
};

function same(before: string | undefined, now: string): { readonly nothing?: true } {
  return before === undefined || before === now ? {} : { nothing: true };
}

function among<T extends string>(left: readonly T[], { isEqual, value }: Term): readonly T[] {
  return left.filter((each) => (each === value) === isEqual);
}

function onlyEqual({ key, isEqual }: Term): void {
  if (!isEqual) throw bad(`${key} can be selected by = alone`);
}

function parseTime({ key, value }: Term): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value)
    ? Date.parse(value)
    : NaN;
  if (Number.isNaN(ms)) throw bad(`${key} must be an RFC 3339 time`);
  return ms;
}

function narrowByField(selection: Narrowed, term: Term): Narrowed {
  const { key, value } = term;
  switch (key) {
    case 'metadata.name':
      onlyEqual(term);
      if (!isInvocationId(value)) return { ...selection, nothing: true };
      return { ...selection, id: value, ...same(selection.id, value) };
    case 'metadata.namespace':
      onlyEqual(term);
      return { ...selection, namespace: value, ...same(selection.namespace, value) };
    case 'spec.parentRef.name':
      onlyEqual(term);
      return { ...selection, agent: value, ...same(selection.agent, value) };
    case 'spec.parentRef.kind':
      return { ...selection, kinds: among(selection.kinds, term) };
    case 'status.phase':
      return { ...selection, phases: among(selection.phases, term) };
    case 'since':
      onlyEqual(term);
      return { ...selection, sinceMs: Math.max(parseTime(term), selection.sinceMs ?? 0) };
    case 'until':
      onlyEqual(term);
      return { ...selection, untilMs: Math.min(parseTime(term), selection.untilMs ?? Infinity) };
    default:
      throw bad(`field ${key.slice(0, 60)} cannot be selected; these can: ${known.join(', ')}`);
  }
}

function narrowByLabel(selection: Narrowed, term: Term): Narrowed {
  onlyEqual(term);
  if (term.key === agentLabel) return narrowByField(selection, { ...term, key: 'spec.parentRef.name' });
  if (term.key === agentKindLabel) return narrowByField(selection, { ...term, key: 'spec.parentRef.kind' });
  throw bad(`label ${term.key.slice(0, 60)} cannot be selected; these can: ${agentLabel}, ${agentKindLabel}`);
}

/** Throws BAD_REQUEST. */
export function parseSelection(fields: string | null, labels: string | null): Selection {
  let selection: Narrowed = { kinds: agentKinds, phases: allPhases };
  for (const term of parseTerms(fields)) selection = narrowByField(selection, term);
  for (const term of parseTerms(labels)) selection = narrowByLabel(selection, term);
  const { kinds, phases } = selection;
  if (kinds.length === 0 || phases.length === 0) return { ...selection, nothing: true };
  return { ...selection, phases: phases.length === allPhases.length ? [] : phases };
}

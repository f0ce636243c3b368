/** Header fields as a record may show them: credentials of either side, cookies and injected fields never (S38). */
import { attribute } from '../../contract/index.ts';
import { isSecretName, parseQueryNames } from '../../decision/index.ts';
import type { Field } from '../http1/index.ts';
import { isAuthField, isAuthParameter } from '../pipeline/own-credential.ts';
import type { AttributeSink } from './attribute-list.ts';
import { knownHeaders, type KnownHeader } from './known-headers.ts';

/** Of answers: sessions and challenges. */
const answerNames = new Set(['set-cookie', 'authentication-info', 'www-authenticate']);
export const redacted = '<redacted>';
const maxValueLength = 1024;
/** Of a field that is told in the list: its name and value together. */
const maxOtherLength = 256;
const maxShown = 64;
/** Characters of names and values of one message; a head may be many times as large. */
const maxTotalLength = 8 * 1024;
/** Of a target, as shown; a head may be many times as long. */
const maxTarget = 2_048;

function isSecretField(name: string): boolean {
  return isAuthField({ name }) || answerNames.has(name) || isSecretName(name);
}

/** Known names whose values would give something away. A provider's own counts of tokens are no secrets. */
const hiddenNames: ReadonlySet<string> = new Set(
  [...knownHeaders.keys()].filter((name) => isSecretField(name) && !/ratelimit|token-count/.test(name)),
);

function isHidden(name: string, known: boolean): boolean {
  return known ? hiddenNames.has(name) : isSecretField(name);
}

type Direction = 'request' | 'response';

/** The fields of one message on their way to a sink. */
class Head {
  readonly #sink: AttributeSink;
  readonly #direction: Direction;
  readonly #injected: ReadonlySet<string>;
  /** Known names that were put: a few, and at most `maxShown`. */
  readonly #put: KnownHeader[] = [];
  /** Characters that may still be shown. */
  #room = maxTotalLength;
  readonly others: string[] = [];
  cut = false;

  constructor(sink: AttributeSink, direction: Direction, injected: ReadonlySet<string>) {
    this.#sink = sink;
    this.#direction = direction;
    this.#injected = injected;
  }

  show({ name, value }: Field): void {
    const known = knownHeaders.get(name);
    const isSecret = this.#injected.has(name) || isHidden(name, known !== undefined);
    const text = isSecret ? redacted : value;
    if (known !== undefined) this.#showKnown(known, text);
    else if (this.#room > 0) this.others.push(this.#fit(`${name}: ${text}`, maxOtherLength));
    else this.cut = true;
  }

  #showKnown(known: KnownHeader, text: string): void {
    if (this.#put.includes(known)) return;
    this.#put.push(known);
    this.#sink.put(known[this.#direction], this.#fit(text, maxValueLength));
  }

  /** As much of the text as there is room for. */
  #fit(text: string, max: number): string {
    const length = Math.min(max, this.#room);
    this.#room -= Math.min(length, text.length);
    if (text.length <= length) return text;
    this.cut = true;
    return text.slice(0, length);
  }
}

/**
 * `http.<direction>.header.<name>` for the names that are known, of a repeated field the last value, and one list of
 * `name: value` for all others: what an agent or upstream chooses never becomes the name of an attribute.
 */
export function putHeaders(
  sink: AttributeSink,
  direction: Direction,
  fields: readonly Field[],
  injected: ReadonlySet<string>,
): void {
  const head = new Head(sink, direction, injected);
  const count = Math.min(fields.length, maxShown);
  head.cut = fields.length > maxShown;
  for (let index = count - 1; index >= 0; index -= 1) {
    const field = fields[index];
    if (field !== undefined) head.show(field);
  }
  if (head.others.length > 0) sink.put(attribute.otherHeaders[direction], head.others.reverse());
  if (head.cut) sink.put(attribute.headersTruncated[direction], true);
}

/** A parameter up to its value, if it may carry a key; servers differ in what starts the next one. */
function redactParameter(pair: string): string {
  let from = 0;
  for (const part of pair.split(/[?;]/)) {
    const equals = part.indexOf('=');
    const names = equals < 0 ? [] : parseQueryNames(`?${part}`);
    if (names.some((name) => isAuthParameter(name) || isSecretName(name)))
      return pair.slice(0, from + equals + 1) + redacted;
    from += part.length + 1;
  }
  return pair;
}

/** The beginning of the target with the values of key-like parameters hidden. Linear, and cut before it is looked at. */
export function redactTarget(target: string): string {
  const shown = target.slice(0, maxTarget);
  if (!shown.includes('?')) return shown;
  return shown.split('&').map(redactParameter).join('&').slice(0, maxTarget);
}

/**
 * What rules of EgressHTTPRoutes tell apart beyond paths: methods, parameters, fields, bodies and upgrades. On each path only the
 * rules about that path are asked, so that many rules are not every combination of them. Pure, and bounded: what would be too
 * many forms is told as incomplete.
 */
import {
  compileHttpMatch,
  parseQueryNames,
  RequestHead,
  takesMethod,
  type CompiledHttpMatch,
} from '../../../decision/index.ts';
import type { HttpDistinction } from './call-space.ts';
import { loosePathReader, pathReader } from './reader.ts';
import type { Reader } from './text-space.ts';

type Head = RequestHead;
type Named = HttpDistinction['match']['headers'];

/** Of calls of which no rule asks anything. */
export const oneHead = new RequestHead({ query: '', fields: [], bodyBytes: 0 });

export interface HttpForm {
  readonly method: string;
  readonly head: Head;
  readonly hasBody: boolean;
  readonly upgrade: boolean;
}

interface Told {
  readonly isDenial: boolean;
  readonly compiled: CompiledHttpMatch;
}

/** Those that servers know, and one for all others. */
const commonMethods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'OTHER'];
const maxForms = 20_000;
const foreign = 'x-other';

/** Name and value, several, or none. */
type Choice = ReadonlyArray<readonly [string, string]>;

/** What may be said of one name: nothing, each value, another one, and what can be read in two ways. */
function choicesOf(list: readonly Named[number][], isDenied: boolean): Choice[] {
  const [first] = list;
  if (first === undefined) return [[]];
  const values = new Set(list.flatMap((each) => each.values));
  const told = [...values, foreign].map((value): Choice => [[first.name, value]]);
  if (!isDenied) return [[], ...told];
  const unclear = [...values].flatMap((value): Choice[] =>
    [value.toUpperCase(), value.toLowerCase()].map((other) => [[first.name, other]]),
  );
  return [
    [],
    ...told,
    ...unclear,
    [
      [first.name, foreign],
      [first.name, foreign],
    ],
  ];
}

/** Every combination of what may be said of each name. */
function productOf(lists: readonly Named[], isDenied: boolean): Choice[] {
  const byName = new Map<string, Array<Named[number]>>();
  for (const named of lists.flat()) byName.set(named.name, [...(byName.get(named.name) ?? []), named]);
  let all: Choice[] = [[]];
  for (const same of byName.values()) {
    const choices = choicesOf(same, isDenied);
    if (all.length * choices.length > maxForms) return [];
    all = all.flatMap((before) => choices.map((choice) => [...before, ...choice]));
  }
  return all;
}

function queryOf(choice: Choice): string {
  const text = choice
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return text === '' ? '' : `?${text}`;
}

/** Of bodies: each type there is and another one, each bound kept and passed, and a length that is not said. */
function bodyHeads(
  told: readonly Told[],
): Array<Pick<Head, 'bodyBytes'> & { readonly type: string | undefined }> {
  const matches = told.map(({ compiled }) => compiled.written);
  const types = new Set(matches.flatMap(({ contentTypes }) => contentTypes));
  const bounds = [...new Set(matches.flatMap(({ maxBodyBytes }) => maxBodyBytes ?? []))];
  const lengths =
    bounds.length === 0
      ? [1]
      : [...bounds.filter((each) => each > 0), ...bounds.map((each) => each + 1), undefined];
  const stated = types.size === 0 ? [undefined] : [...types, `${foreign}/x`, undefined];
  return stated.flatMap((type) => [...new Set(lengths)].map((bodyBytes) => ({ type, bodyBytes })));
}

export class HttpSpace {
  readonly readers: readonly Reader[];
  readonly #told: readonly Told[];
  readonly #known = new Map<string, readonly HttpForm[]>();
  #isComplete = true;

  constructor(distinctions: readonly HttpDistinction[]) {
    this.#told = distinctions.map(({ purpose, match }) => ({
      isDenial: purpose === 'deny',
      compiled: compileHttpMatch(match),
    }));
    this.readers = this.#told.flatMap(({ isDenial, compiled: { path } }) => {
      const reader = isDenial
        ? path?.loose && loosePathReader(path.loose)
        : path?.exact && pathReader(path.exact);
      return reader === undefined ? [] : [reader];
    });
  }

  /** False: some forms were left out. Known when all paths were asked about. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** No rule tells the character from every one of the alphabet. */
  isBlindTo(character: string, alphabet: string): boolean {
    const tests = this.readers.flatMap((each) => each.tests);
    if (tests.length === 0) return true;
    const own = tests.map((test) => test(character));
    return Array.from(alphabet).some((other) => tests.every((test, index) => test(other) === own[index]));
  }

  namesOf({ query }: Head): readonly string[] {
    return parseQueryNames(query);
  }

  formsOn(path: string): readonly HttpForm[] {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const concerned = this.#told.filter(({ isDenial, compiled: { path: own } }) =>
      own === undefined ? true : isDenial ? own.mayTake(path) : own.takes(path),
    );
    const named = concerned.flatMap(({ compiled }) => [...compiled.methods]).filter((each) => each !== '*');
    const methods = [...new Set([...commonMethods, ...named])];
    // No rule that allows takes a method in small letters, and one that denies does.
    const forms = [...methods, ...methods.map((each) => each.toLowerCase())].flatMap((method) =>
      this.#formsBy(
        method,
        concerned.filter(({ compiled, isDenial }) =>
          takesMethod(compiled, method, isDenial ? 'deny' : 'allow'),
        ),
      ),
    );
    this.#known.set(path, forms);
    return forms;
  }

  #formsBy(method: string, told: readonly Told[]): HttpForm[] {
    const isDenied = told.some(({ isDenial }) => isDenial);
    const matches = told.map(({ compiled }) => compiled.written);
    const queries = productOf(
      matches.map(({ queryParams }) => queryParams),
      isDenied,
    ).map(queryOf);
    const fields = productOf(
      matches.map(({ headers }) => headers),
      isDenied,
    ).map((choice) => choice.map(([name, value]) => ({ name, value })));
    const bodies = bodyHeads(told);
    const count = queries.length * fields.length * (bodies.length + 2);
    if (count === 0 || count > maxForms) {
      this.#isComplete = false;
      return [];
    }
    return queries.flatMap((query) =>
      fields.flatMap((own): HttpForm[] => {
        const bare = { method, head: new RequestHead({ query, fields: own, bodyBytes: 0 }), hasBody: false };
        const upgrades = method === 'GET' ? [false, true] : [false];
        return [
          ...upgrades.map((upgrade) => ({ ...bare, upgrade })),
          ...bodies.map(({ type, bodyBytes }) => ({
            method,
            head: new RequestHead({
              query,
              fields: type === undefined ? own : [...own, { name: 'content-type', value: type }],
              bodyBytes,
            }),
            ...{ hasBody: true, upgrade: false },
          })),
        ];
      }),
    );
  }
}

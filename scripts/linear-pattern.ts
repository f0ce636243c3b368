/**
 * Proves of a regular expression that a backtracking engine needs time linear in the text. An engine goes back only where it has
 * not matched yet; so among the places from which no match is certain, no text may lead from a place to itself in two ways
 * (exponential), nor from one to itself, from it to another and from that to itself (quadratic), where the search for the
 * beginning is a place too. Not proven is not wrong: it may only be more than this can see.
 */
import { compilePatternProgram, UnknownSyntax, type PatternProgram, type Step } from './pattern-program.ts';

type Read = Extract<Step, { op: 'read' }>;

interface Place {
  readonly takes: (character: string) => boolean;
  /** With how often each is reached. */
  readonly next: ReadonlyMap<number, number>;
}

/** What any two characters of are told apart by, somewhere in Unicode. */
const characters = [
  ...Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)),
  ...[
    '\u017f',
    '\u0130',
    '\u0300',
    '\u0660',
    '\u1680',
    '\u2028',
    '\u2029',
    '\u212a',
    '\u3000',
    '\ud800',
    '\ufeff',
    '\ufffe',
    '\uffff',
  ],
  ...['\u0416', '\u4e2d', '\ufe0f', '\u{1f600}', '\u{e0001}', '\u{10ffff}'],
];

interface Reached {
  readonly reads: ReadonlyMap<number, number>;
  /** A match is certain from here, whatever follows. */
  readonly matches: boolean;
}

/** Everything that is reached without reading, and in how many ways (two stand for more). */
function follow({ steps }: PatternProgram, from: number, atStart: boolean): Reached {
  const reads = new Map<number, number>();
  let matches = false;
  /** Where a step that reads nothing leads. */
  const onward = (step: Step): readonly number[] => {
    if (step.op === 'split') return step.next;
    return step.op === 'maybe' || (step.op === 'start' && atStart) ? [step.next] : [];
  };
  const visit = (at: number, isCertain: boolean, path: readonly number[]): void => {
    const step = steps[at];
    // Out of a loop and into it again: an engine does not repeat for a third time what read nothing.
    if (step === undefined || path.filter((each) => each === at).length > 1) return;
    if (step.op === 'match') matches ||= isCertain;
    if (step.op === 'read') reads.set(at, Math.min(2, (reads.get(at) ?? 0) + 1));
    for (const next of onward(step)) visit(next, isCertain && step.op !== 'maybe', [...path, at]);
  };
  visit(from, true, []);
  return { reads, matches };
}

/** The places from which no match is certain; the first one is the search for the beginning, unless it stands still. */
function placesOf(program: PatternProgram, isSticky: boolean): Place[] {
  const { steps } = program;
  const places = new Map<number, Place>();
  const open = [...follow(program, program.start, true).reads.keys()];
  const later = follow(program, program.start, false);
  if (!isSticky) open.push(...later.reads.keys());
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (places.has(at)) continue;
    const step = steps[at] as Read;
    const reached = follow(program, step.next, false);
    // What is read there ends the search.
    places.set(at, { takes: step.takes, next: reached.matches ? new Map() : reached.reads });
    open.push(...reached.reads.keys());
  }
  const ids = [...places.keys()];
  const list: Place[] = ids.map((id) => {
    const { takes, next } = places.get(id) as Place;
    return { takes, next: new Map([...next].map(([to, ways]) => [ids.indexOf(to), ways])) };
  });
  if (isSticky || later.matches) return list;
  const search = list.length;
  const begins = [...later.reads.keys()].map((id) => [ids.indexOf(id), 1] as const);
  return [...list, { takes: () => true, next: new Map([...begins, [search, 1]]) }];
}

/** Characters that no place tells apart, one of each kind. */
function alphabetOf(places: readonly Place[]): string[] {
  const kinds = new Map<string, string>();
  for (const character of characters) {
    kinds.set(places.map(({ takes }) => (takes(character) ? 1 : 0)).join(''), character);
  }
  return [...kinds.values()];
}

/** Of each place, by character, where it leads. */
function movesOf(places: readonly Place[]): number[][][] {
  const alphabet = alphabetOf(places);
  return places.map(({ takes, next }) =>
    alphabet.map((character) => (takes(character) ? [...next.keys()] : [])),
  );
}

function reach(moves: readonly number[][][], from: number): Set<number> {
  const seen = new Set<number>();
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const to of (moves[at] ?? []).flat()) {
      if (seen.has(to)) continue;
      seen.add(to);
      open.push(to);
    }
  }
  return seen;
}

/** Of places that one text leads on together: all that are reached from `from`, each list in its own part of the graph. */
function together(
  moves: readonly number[][][],
  from: readonly number[],
  may: ReadonlyArray<ReadonlySet<number>>,
): Map<string, readonly number[]> {
  const seen = new Map<string, readonly number[]>();
  const open = [from];
  const size = moves[0]?.length ?? 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (let character = 0; character < size; character += 1) {
      let heads: number[][] = [[]];
      for (const [index, place] of at.entries()) {
        const targets = (moves[place]?.[character] ?? []).filter((each) => may[index]?.has(each) === true);
        heads = heads.flatMap((head) => targets.map((each) => [...head, each]));
      }
      for (const head of heads.filter((each) => !seen.has(each.join()))) {
        seen.set(head.join(), head);
        open.push(head);
      }
    }
  }
  return seen;
}

function reversed(moves: readonly number[][][]): number[][][] {
  return moves.map((row, place) =>
    row.map((_, character) =>
      moves.flatMap((each, from) => (each[character]?.includes(place) === true ? [from] : [])),
    ),
  );
}

/** Two ways around from one place to itself, by one text. */
function isForked(
  places: readonly Place[],
  moves: readonly number[][][],
  circle: ReadonlySet<number>,
): boolean {
  const [place = 0] = circle;
  const isDoubled = [...circle].some((each) =>
    [...(places[each]?.next ?? [])].some(([to, ways]) => ways > 1 && circle.has(to)),
  );
  if (isDoubled) return true;
  const back = together(reversed(moves), [place, place], [circle, circle]);
  const there = together(moves, [place, place], [circle, circle]);
  return [...there].some(([key, [one, other]]) => one !== other && back.has(key));
}

/** Of what a text leads to, the part that leads on to `to`. */
function between(reached: ReadonlyArray<ReadonlySet<number>>, from: number, to: number): Set<number> {
  return new Set([...(reached[from] ?? [])].filter((each) => reached[each]?.has(to) === true));
}

/** One text that stays at a place of one circle, leads to one of another, and stays there. */
function goesOver(
  moves: readonly number[][][],
  reached: ReadonlyArray<ReadonlySet<number>>,
  [stay, then]: readonly [ReadonlySet<number>, ReadonlySet<number>],
): boolean {
  const pairs = [...stay].flatMap((first) => [...then].map((second) => [first, second] as const));
  return pairs.some(([first, second]) => {
    if (reached[first]?.has(second) !== true) return false;
    const may = [stay, between(reached, first, second), then];
    return together(moves, [first, first, second], may).has([first, second, second].join());
  });
}

/** Places that lead to each other and so to themselves. */
function circlesOf(reached: ReadonlyArray<ReadonlySet<number>>): Array<ReadonlySet<number>> {
  const circles: Array<ReadonlySet<number>> = [];
  for (const [place, to] of reached.entries()) {
    if (!to.has(place) || circles.some((circle) => circle.has(place))) continue;
    circles.push(between(reached, place, place));
  }
  return circles;
}

function judge(places: readonly Place[]): string | undefined {
  const moves = movesOf(places);
  const reached = places.map((_, place) => reach(moves, place));
  const circles = circlesOf(reached);
  if (circles.some((circle) => isForked(places, moves, circle)))
    return 'exponential: one text has two ways around';
  const ways = circles.flatMap((stay) =>
    circles.filter((then) => then !== stay).map((then) => [stay, then] as const),
  );
  return ways.some((way) => goesOver(moves, reached, way))
    ? 'quadratic: one text stays, goes over and stays there'
    : undefined;
}

/** Undefined: linear. Else why that is not proven. */
export function whyNotLinear(source: string, flags: string): string | undefined {
  try {
    return judge(placesOf(compilePatternProgram(source, flags), flags.includes('y')));
  } catch (thrown) {
    if (thrown instanceof UnknownSyntax) return `not read: ${thrown.message}`;
    throw thrown;
  }
}

/**
 * A table of operations as a reader of a path: which literal or template the path is, and what globs say of the segment that
 * names a model. Pure.
 */
import type { PathSpace, PathTemplate } from '../../../decision/index.ts';
import type { Reader, Scan } from './text-space.ts';

type Place =
  | { readonly kind: 'start'; readonly text: string }
  /** `tail` undefined: in the segment; `models` what was read of it. */
  | {
      readonly kind: 'template';
      readonly template: PathTemplate;
      readonly models: readonly Scan[];
      readonly isEmpty: boolean;
      readonly tail: string | undefined;
    }
  | { readonly kind: 'off' };

const off: Place = { kind: 'off' };

interface Table {
  readonly space: PathSpace;
  readonly models: readonly Reader[];
}

function keyOf(place: Place): string {
  switch (place.kind) {
    case 'start':
      return `s${place.text}`;
    case 'template': {
      const { template, models, isEmpty, tail } = place;
      return JSON.stringify([template.before, models.map(({ key }) => key), isEmpty, tail]);
    }
    case 'off':
      return '-';
    default:
      return place satisfies never;
  }
}

function verdictOf({ space }: Table, place: Place): string {
  if (place.kind === 'start') return space.literals.includes(place.text) ? place.text : '-';
  if (place.kind === 'off' || place.isEmpty) return '-';
  const { template, models, tail = '' } = place;
  const ends = template.after.includes(tail) || (template.anyAfter !== undefined && tail.length > 1);
  return ends ? JSON.stringify([template.before, tail, models.map(({ verdict }) => verdict)]) : '-';
}

/** The text after the segment, shortened to what is still told apart; undefined: it fits no more. */
function tailOf({ anyAfter, after }: PathTemplate, text: string): string | undefined {
  const first = text.charAt(0);
  if (anyAfter === 'text') return text.length > 1 ? `${first}x` : text;
  if (anyAfter === 'word' && /^:[A-Za-z]*$/.test(text)) return text.length > 1 ? ':x' : text;
  return after.some((each) => each.startsWith(text)) ? text : undefined;
}

function begin({ space, models }: Table, text: string): Place {
  const template = space.templates.find(({ before }) => before === text);
  if (template !== undefined) {
    return {
      kind: 'template',
      template,
      models: models.map((each) => each.scan()),
      isEmpty: true,
      tail: undefined,
    };
  }
  const goesOn = [...space.literals, ...space.templates.map(({ before }) => before)].some((each) =>
    each.startsWith(text),
  );
  return goesOn ? { kind: 'start', text } : off;
}

function stepped(table: Table, place: Place, character: string): Place {
  if (place.kind === 'off') return off;
  if (place.kind === 'start') return begin(table, place.text + character);
  const { template, models, tail } = place;
  if (tail === undefined && !template.stops.includes(character)) {
    return { ...place, models: models.map((scan) => scan.step(character)), isEmpty: false };
  }
  const next = place.isEmpty ? undefined : tailOf(template, (tail ?? '') + character);
  return next === undefined ? off : { ...place, tail: next };
}

function scanAt(table: Table, place: Place): Scan {
  return {
    key: keyOf(place),
    verdict: verdictOf(table, place),
    step: (character) => scanAt(table, stepped(table, place, character)),
  };
}

/** Every character of its literals is told apart, as a reader of them must. */
export function tableReader(space: PathSpace, models: readonly Reader[]): Reader {
  const texts = [
    ...space.literals,
    ...space.templates.flatMap(({ before, stops, after }) => [before, stops, ...after]),
  ];
  const characters = [...new Set(texts.flatMap((text) => Array.from(text)))];
  return {
    scan: () => scanAt({ space, models }, { kind: 'start', text: '' }),
    tests: [
      (character) => /[A-Za-z]/.test(character),
      ...characters.map((each) => (character: string) => character === each),
      ...models.flatMap(({ tests }) => tests),
    ],
  };
}

/** What a person types for a kind (kind, plural, singular, short name, category), and the nearest when it is wrong. Pure. */
import { ClrkError, editDistance } from '../../contract/index.ts';
import type { Resource } from './discovery.ts';

/** The nearest candidate that is near enough to be a slip of the finger. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3))
    ? best.candidate
    : undefined;
}

/** What invocations are called; they are no kind of the API server's own. */
export const invocationWords: ReadonlySet<string> = new Set(['invocations', 'invocation', 'inv']);

function namesOf(resource: Resource): readonly string[] {
  return [resource.plural, resource.singular, resource.kind.toLowerCase(), ...resource.shortNames];
}

/** The kinds a word stands for: one, or every kind of a category. Throws KIND_UNKNOWN with the nearest word. */
export function resolveKinds(word: string, resources: readonly Resource[]): readonly Resource[] {
  const [asked = ''] = word.toLowerCase().split('.');
  const one = resources.find((resource) => namesOf(resource).includes(asked));
  if (one !== undefined) return [one];
  const category = resources.filter((resource) => resource.categories.includes(asked));
  if (category.length > 0) return category;
  if (invocationWords.has(asked)) {
    throw new ClrkError('KIND_UNKNOWN', 'invocations are records, not objects with events and references', {
      hint: 'See them with `clrk get invocations`, one with `clrk get invocations ID -o yaml`.',
    });
  }
  const guess = nearest(asked, [...resources.flatMap(namesOf), ...invocationWords]);
  const known = `Known kinds: ${[...resources.map((resource) => resource.plural), 'invocations'].join(', ')}.`;
  throw new ClrkError('KIND_UNKNOWN', `the server has no kind "${word}"`, {
    hint: guess === undefined ? `${known} For other kinds use kubectl.` : `Did you mean "${guess}"?`,
  });
}

/** Since which commit something holds. Pure but for asking about one commit after the other. */

/** What is known of the commits before it: that it does not hold, nothing because there is none, or no more. */
export type Before = 'other' | 'none' | 'not-looked-at' | 'unreadable';

export interface Since<T> {
  /** The oldest commit of the newest run of them of which it holds. */
  readonly first: T;
  readonly before: Before;
}

/** Nobody looked, or nobody can say: it may hold for longer. */
export function mayHoldBefore({ before }: Since<unknown>): boolean {
  return before === 'not-looked-at' || before === 'unreadable';
}

export interface Commits<T> {
  /** The newest first. */
  readonly list: Iterable<T>;
  /** There is none that is older. */
  readonly isWhole: boolean;
}

/** `holds` undefined: nobody can say. The answer undefined: it holds of none that was seen. */
export async function sinceWhen<T>(
  { list, isWhole }: Commits<T>,
  holds: (commit: T) => Promise<boolean | undefined>,
): Promise<Since<T> | undefined> {
  let first: { readonly commit: T } | undefined;
  for (const commit of list) {
    const answer = await holds(commit);
    if (answer === true) first = { commit };
    else if (first !== undefined) {
      return { first: first.commit, before: answer === undefined ? 'unreadable' : 'other' };
    }
  }
  return first && { first: first.commit, before: isWhole ? 'none' : 'not-looked-at' };
}

/** Since which commit something holds. Pure but for asking about one commit after the other. */

export interface Since<T> {
  /** The oldest commit of the newest run of them of which it holds. */
  readonly first: T;
  /** Nothing older was seen: it may hold for longer. */
  readonly isCut: boolean;
}

/** `commits`: the newest first. Undefined: it holds of none that was seen. */
export async function sinceWhen<T>(
  commits: AsyncIterable<T> | Iterable<T>,
  holds: (commit: T) => Promise<boolean>,
): Promise<Since<T> | undefined> {
  let first: { readonly commit: T } | undefined;
  for await (const commit of commits) {
    if (await holds(commit)) first = { commit };
    else if (first !== undefined) return { first: first.commit, isCut: false };
  }
  return first && { first: first.commit, isCut: true };
}

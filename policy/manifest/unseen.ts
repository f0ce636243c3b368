/** What stands in the way of a whole answer: something that is there and could not be looked at. */
export interface Unseen {
  readonly path: string;
  /** Goes on after the name of the path. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

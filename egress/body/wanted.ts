/**
 * Which values of a JSON text are wanted, as a tree along its members: the tree of one kind of body is made once. The
 * names it gives an object are names that decide there, so other spellings of them are refused.
 */
export interface Wanted {
  /** What the value is reported as; undefined: only what is inside is wanted. */
  readonly key: string | undefined;
  /** Bytes of a text or number as written, with quotes. Undefined: that it is there is wanted, not what it is. */
  readonly maxBytes: number | undefined;
  /** How it is written is wanted, whatever it is. */
  readonly written?: true;
  /** Where the value is an object. */
  readonly members: WantedMembers | undefined;
  /** Each item, where the value is an array. */
  readonly items: Wanted | undefined;
}

export interface WantedMembers {
  readonly named: ReadonlyMap<string, Wanted>;
  readonly folded: ReadonlySet<string>;
  /** Of every member that has no name here; undefined: nothing. */
  readonly others?: Wanted;
}

/** A model's, method's or tool's name, with quotes and every character escaped, is far shorter. */
const usualBytes = 2_048;

/** As servers fold names that compare them without case; the Kelvin sign and the long s fold to letters. */
export function foldName(name: string): string {
  return name.toUpperCase().toLowerCase();
}

export function wantScalar(key: string, maxBytes: number = usualBytes): Wanted {
  return { key, maxBytes, members: undefined, items: undefined };
}

/** Only its place and kind are reported, whatever its size. */
export function wantPresence(key: string): Wanted {
  return { key, maxBytes: undefined, members: undefined, items: undefined };
}

/** Its digest, and its text where that is not long. */
export function wantWritten(key: string): Wanted {
  return { ...wantPresence(key), written: true };
}

/** `items`: also take an array of these. */
export function wantObject(key: string, members: Readonly<Record<string, Wanted>>, items?: Wanted): Wanted {
  const named = new Map(Object.entries(members));
  const folded = new Set([...named.keys()].map(foldName));
  return { key, maxBytes: undefined, members: { named, folded }, items };
}

/** Each item of an array; what is no array is reported as what it is. */
export function wantList(key: string, items: Wanted): Wanted {
  return { ...wantPresence(key), items };
}

/** Each member of an object, whatever its name. */
export function wantMap(key: string, others: Wanted): Wanted {
  return { ...wantPresence(key), members: { named: new Map(), folded: new Set(), others } };
}

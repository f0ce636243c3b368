/** What a codec wants of a JSON document, as a tree of member names. Apart from the picker, which follows it. Pure. */

/** What is wanted of a value: itself when it is no container, or these of its members. All else is skipped. */
export type Shape = 'scalar' | ObjectShape | ListShape;
export interface ObjectShape {
  readonly kind: 'object';
  readonly members: ReadonlyMap<string, Shape>;
  readonly names: ReadonlyArray<{ readonly name: string; readonly bytes: Buffer }>;
}
export interface ListShape {
  readonly kind: 'list';
  readonly item: Shape;
}

export function objectOf(members: Readonly<Record<string, Shape>>): ObjectShape {
  const names = Object.keys(members).map((name) => ({ name, bytes: Buffer.from(name) }));
  return { kind: 'object', members: new Map(Object.entries(members)), names };
}

/** The member whose name stands there; empty: none that is wanted. No text is made of the others. */
export function nameAt({ names }: ObjectShape, chunk: Buffer, from: number, to: number): string {
  for (const { name, bytes } of names) {
    if (bytes.length !== to - from || bytes[0] !== chunk[from]) continue;
    let same = 1;
    while (same < bytes.length && bytes[same] === chunk[from + same]) same += 1;
    if (same === bytes.length) return name;
  }
  return '';
}

export function listOf(item: Shape): ListShape {
  return { kind: 'list', item };
}

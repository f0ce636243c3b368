/** Two folders as path to text: what a fresh synth would change in the committed one. Pure. */
export interface TreeDrift {
  readonly path: string;
  readonly change: 'stale' | 'missing' | 'left over';
}

/** `committed` against `fresh`, by path. */
export function treeDrift(
  committed: ReadonlyMap<string, string>,
  fresh: ReadonlyMap<string, string>,
): TreeDrift[] {
  const paths = [...new Set([...committed.keys(), ...fresh.keys()])].sort();
  return paths.flatMap((path): TreeDrift[] => {
    const [old, now] = [committed.get(path), fresh.get(path)];
    if (old === now) return [];
    return [{ path, change: old === undefined ? 'missing' : now === undefined ? 'left over' : 'stale' }];
  });
}

/**
 * Which set of manifests an object belongs to. Folders that hold different objects of one name are different
 * environments, or one of them is a mistake: that is for a person to say, with NAME=PATH.
 */
import { relative, resolve } from 'node:path';

export interface EnvironmentPath {
  readonly name: string;
  readonly path: string;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way === '' || (way !== '..' && !way.startsWith('../'));
}

/** The environment of the innermost path a file is under; without one, all environments share it. */
export const sharedUnit = '';

export function environmentOf(
  environments: readonly EnvironmentPath[],
): (path: string, unit: string) => string {
  if (environments.length === 0) return (_path, unit) => unit;
  const inmostFirst = [...environments].sort((a, b) => resolve(b.path).length - resolve(a.path).length);
  return (path) => inmostFirst.find((each) => isWithin(path, each.path))?.name ?? sharedUnit;
}

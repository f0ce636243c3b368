/** Before and after of a diff: the same question about two folders, answered with the same flags. */
import { join, relative } from 'node:path';
import type { EnvironmentPath } from '../../policy/index.ts';
import { openBase } from './base.ts';
import { readReachInput, type Compile, type ManifestSets, type SetOptions } from './manifest-sets.ts';
import { undecided, UndecidedError } from './undecided.ts';

export interface Sides {
  readonly before: ManifestSets;
  readonly after: ManifestSets;
}

/** The same environments below another folder. */
function movedTo(folder: string, head: string, environments: readonly EnvironmentPath[]): EnvironmentPath[] {
  return environments.map(({ name, path }) => {
    const way = relative(head, path);
    if (way !== '..' && !way.startsWith('../')) return { name, path: join(folder, way) };
    const why = `--env ${name}=${path} is not below ${head}, so there is no telling where it was before`;
    throw undecided('ENV_INVALID', [why], 'Name the folder that holds both, and paths below it.');
  });
}

/** Paths as a person knows them: not where the revision was unpacked. */
function renamed(lines: readonly string[], folder: string, base: string): string[] {
  return lines.map((line) => `in ${base}: ${line.replaceAll(`${folder}/`, '').replaceAll(folder, base)}`);
}

export interface SidesInput {
  readonly head: string;
  readonly base: string;
  readonly compile: Compile;
  readonly options: SetOptions;
}

function readBefore(folder: string, { head, base, compile, options }: SidesInput): ManifestSets {
  const environments = movedTo(folder, head, options.environments ?? []);
  try {
    const { sets, unseen, notEnforced } = readReachInput(folder, compile, { ...options, environments });
    return { sets, notEnforced, unseen: renamed(unseen, folder, base) };
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    throw undecided(error.code, renamed(error.lines, folder, base), error.hint ?? '');
  }
}

export async function readSides(input: SidesInput): Promise<Sides> {
  const { head, base: name, compile, options } = input;
  if (head === '-')
    throw undecided('BASE_NOT_FOUND', ['stdin has no revision before it'], 'Name a folder to compare.');
  using base = await openBase(head, name);
  if (base.unseen.length > 0 && !options.assumePartial) {
    const hint = 'Compare two folders, or say --assume-partial.';
    throw undecided('MANIFESTS_INCOMPLETE', renamed(base.unseen, '\0', name), hint);
  }
  const before =
    base.folder === undefined ? { sets: [], unseen: [], notEnforced: [] } : readBefore(base.folder, input);
  const unseen = [...renamed(base.unseen, '\0', name), ...before.unseen];
  return { before: { ...before, unseen }, after: readReachInput(head, compile, options) };
}

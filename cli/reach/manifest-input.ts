/**
 * The flags that say what manifests are read and how: paths, standard input, environments, the namespace of what names
 * none, the programs that render. `clrk reach` and `clrk validate` have the same ones.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { findProgram, type EnvironmentPath, type LoadOptions } from '../../policy/index.ts';
import { readAll, type Io } from '../io.ts';
import { undecided } from './undecided.ts';

export interface InputFlags {
  readonly env?: readonly string[];
  /** A flag of every command. */
  readonly namespace?: string;
  readonly assumePartial?: boolean;
  /** Of `clrk reach` alone. */
  readonly diff?: string;
}

const maxStdinBytes = 16 * 1024 * 1024;

export function addInputFlags(command: Command): Command {
  return command
    .option('--env <name=path>', 'what is below this path is this environment; may be repeated', collect)
    .option('--assume-partial', 'go on without what could not be seen; the report says so');
}

export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** `mayBeGone`: an environment that a change removes is on one side only. */
function parseEnvironment(text: string, mayBeGone: boolean): EnvironmentPath {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) {
    const [name, path] = [text.slice(0, at), text.slice(at + 1)];
    if (mayBeGone || existsSync(path)) return { name, path };
    throw undecided(
      'ENV_INVALID',
      [`--env ${name}: there is no ${path}`],
      'Name a folder or file that is here.',
    );
  }
  throw undecided('ENV_INVALID', [`--env ${text} is not NAME=PATH`], 'For example --env prod=dist/prod.');
}

/** kubectl as in PATH, or as `npm start` has made it. */
async function findKubectl(io: Io): Promise<string | undefined> {
  const found = findProgram('kubectl', io.environment['PATH']);
  if (found !== undefined) return found;
  const { cachedTool } = await import('../../local/index.ts');
  return cachedTool('kubectl');
}

async function readStdin(io: Io): Promise<string> {
  const bytes = await readAll(io.stdin, maxStdinBytes);
  if (bytes !== undefined) return bytes.toString('utf8');
  const why = `stdin has more than ${maxStdinBytes / 1_048_576} MiB`;
  throw undecided('STDIN_TOO_LARGE', [why], 'Write it to files of a folder.');
}

export async function readInput(
  io: Io,
  paths: readonly string[],
  { env = [], namespace, diff }: InputFlags,
): Promise<LoadOptions> {
  const [kubectl, helm] = [await findKubectl(io), findProgram('helm', io.environment['PATH'])];
  return {
    ...(paths.includes('-') ? { stdin: await readStdin(io) } : {}),
    namespace,
    environments: env.map((each) => parseEnvironment(each, diff !== undefined)),
    programs: { ...(kubectl === undefined ? {} : { kubectl }), ...(helm === undefined ? {} : { helm }) },
  };
}

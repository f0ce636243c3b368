/**
 * `clrk init DIRECTORY`: a new project of agents that tests, synthesizes and validates as it is. It writes only into a
 * folder that is new or empty, and runs nothing.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { ClrkError } from '../../contract/index.ts';
import { usageError } from '../exit-code.ts';
import { forges, type Forge } from '../init/pipeline-files.ts';
import { projectFiles } from '../init/project.ts';
import { printLine, type Io } from '../io.ts';
import { examples, type AddCommand } from './command.ts';

interface InitOptions {
  readonly name?: string;
  readonly constructs?: string;
  readonly clrk?: string;
  readonly ci?: string;
}

function parseForge(text = 'github'): Forge {
  const forge = forges.find((each) => each === text);
  if (forge === undefined)
    throw usageError(`there is no pipeline for "${text}"`, `There are ${forges.join(', ')}.`);
  return forge;
}

// What npm takes as the name of a package, without scopes.
const namePattern = /^[a-z0-9][a-z0-9._-]{0,213}$/;

/** The folder must be new or empty: nothing of a person's is ever overwritten. */
async function requireEmpty(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new ClrkError('FOLDER_UNREADABLE', `${directory} cannot be read: ${error.code ?? error.message}`, {
      hint: 'Name a folder that does not exist yet.',
      cause: error,
    });
  });
  if (entries.length > 0) {
    throw new ClrkError('FOLDER_NOT_EMPTY', `${directory} is not empty`, {
      hint: 'Name a folder that does not exist yet.',
    });
  }
}

function source(tarball: string | undefined): string {
  return tarball === undefined ? packageJson.version : `file:${resolve(tarball)}`;
}

export async function runInit(io: Pick<Io, 'stdout'>, target: string, options: InitOptions): Promise<void> {
  const directory = resolve(target);
  const name = options.name ?? basename(directory);
  if (!namePattern.test(name)) {
    throw usageError(
      `"${name}" is not the name of a package`,
      'Say one with --name: lower-case letters, digits and dashes.',
    );
  }
  const forge = parseForge(options.ci);
  await requireEmpty(directory);
  const [constructs, clrk] = [source(options.constructs), source(options.clrk)];
  const files = projectFiles({ name, constructs, clrk, forge });
  for (const [path, text] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text, { flag: 'wx' });
  }
  await printLine(io, `project/${name} created in ${directory}`);
  await printLine(io, `Next: cd ${target} && npm install && npm test && npm run synth && npm run validate`);
}

export const addInit: AddCommand = ({ program, io }) => {
  program
    .command('init <directory>')
    .description('Write a new project: agents as code, tests, a pipeline')
    .addHelpText(
      'before',
      examples('clrk init my-agents', 'clrk init my-agents --ci gitlab', 'clrk init . --name my-agents'),
    )
    .option('--name <name>', 'name of the package; default: that of the folder')
    .option('--ci <forge>', `whose pipeline: ${forges.join(', ')}; default: github`)
    .option('--constructs <file>', 'tarball of @clrk/constructs instead of the published version')
    .option('--clrk <file>', 'tarball of clrk instead of the published version')
    .action(async (directory: string, options: InitOptions) => {
      await runInit(io, directory, options);
    });
};

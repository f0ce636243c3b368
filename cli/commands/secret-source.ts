/**
 * Where the values of `clrk secret set` come from. A value is never printed, and never in an error: what names it is its key. Apart
 * from the command because it is all about the machine, and nothing about the cluster.
 */
import { readFileSync } from 'node:fs';
import { usageError } from '../exit-code.ts';
import { readAll, type Io } from '../io.ts';

export interface SecretSources {
  readonly fromEnv?: readonly string[];
  readonly fromFile?: readonly string[];
  readonly fromLiteral?: readonly string[];
}

/** What a CredentialInjectionPolicy reads where it names no key. */
const defaultKey = 'token';
/** Of the API server (core/v1, MaxSecretSize). */
const maxSecretBytes = 1024 * 1024;
const keyPattern = /^[-._a-zA-Z0-9]{1,253}$/;

/** `KEY=SOURCE`, or a source for the key `token`. */
function named(text: string): readonly [key: string, source: string] {
  const at = text.indexOf('=');
  return at < 0 ? [defaultKey, text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Editors and `echo` end a file with a line feed; in a header it would be refused. Of several lines each is meant. */
function withoutLineEnd(value: Buffer): Buffer {
  const text = value.toString('latin1');
  const line = text.replace(/\r?\n$/, '');
  return line.includes('\n') ? value : Buffer.from(line, 'latin1');
}

function readFile(path: string): Buffer {
  try {
    return withoutLineEnd(readFileSync(path));
  } catch (cause) {
    throw usageError(`cannot read ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'error'}`);
  }
}

function readVariable(io: Io, name: string): Buffer {
  const value = io.environment[name];
  if (value === undefined) throw usageError(`the environment has no variable ${name}`);
  return Buffer.from(value, 'utf8');
}

/** The text of `--from-literal` must not be in an error, should it be a value without a key. */
function literal(text: string): readonly [key: string, value: Buffer] {
  const at = text.indexOf('=');
  if (at < 0) throw usageError('--from-literal takes KEY=VALUE', 'Better: put the value on standard input.');
  return [text.slice(0, at), Buffer.from(text.slice(at + 1), 'utf8')];
}

async function fromStdin(io: Io): Promise<Buffer> {
  // What is typed would be on the screen, and nobody would know that it is waited for.
  if ('isTTY' in io.stdin && io.stdin.isTTY === true) {
    throw usageError(
      'no value is given',
      'Give it on standard input (< key.txt), --from-env or --from-file.',
    );
  }
  const value = await readAll(io.stdin, maxSecretBytes);
  if (value === undefined) throw usageError('standard input has more than the 1 MiB a Secret takes');
  return withoutLineEnd(value);
}

function isWellNamed(key: string): boolean {
  return keyPattern.test(key) && key !== '.' && !key.startsWith('..');
}

function judge(values: ReadonlyArray<readonly [string, Buffer]>): ReadonlyMap<string, Buffer> {
  const byKey = new Map(values);
  if (byKey.size < values.length) throw usageError('a key is given twice');
  for (const [key, value] of byKey) {
    // A key may be a value that was written in its place: it is not shown.
    if (!isWellNamed(key)) throw usageError('a key has letters, digits, - _ and . alone, at most 253');
    if (value.length === 0) throw usageError(`the value of ${key} is empty`);
  }
  const bytes = [...byKey.values()].reduce((sum, { length }) => sum + length, 0);
  if (bytes > maxSecretBytes) throw usageError('the values are larger than the 1 MiB a Secret takes');
  return byKey;
}

/** Key to value, at least one. With no source named it is standard input, for the key `token`. Throws USAGE. */
export async function readSecretValues(io: Io, sources: SecretSources): Promise<ReadonlyMap<string, Buffer>> {
  const { fromEnv = [], fromFile = [], fromLiteral = [] } = sources;
  const values = [
    ...fromEnv.map(named).map(([key, name]) => [key, readVariable(io, name)] as const),
    ...fromFile.map(named).map(([key, path]) => [key, readFile(path)] as const),
    ...fromLiteral.map(literal),
  ];
  return judge(values.length > 0 ? values : [[defaultKey, await fromStdin(io)]]);
}

/** One defence and the edit that disables it: the lines of test/mutants/*.json, checked as they are read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Mutant {
  readonly id: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The test file that must fail. */
  readonly test: string;
  /** Only tests whose names hold this; absent: all of the file. */
  readonly title?: string;
}

const members = ['id', 'file', 'find', 'replace', 'test'] as const;

function parseMutant(value: unknown, place: string): Mutant {
  const object = value as Record<string, unknown>;
  for (const member of members) {
    if (typeof object[member] !== 'string') throw new Error(`${place}: ${member} must be a text`);
  }
  return object as unknown as Mutant;
}

/** Every mutant below a folder; ids are unique. */
export function readMutants(folder: string): Mutant[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const all = files.flatMap((name) => {
    const list = JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown[];
    return list.map((value, index) => parseMutant(value, `${name}[${index}]`));
  });
  const ids = new Set<string>();
  for (const { id } of all) {
    if (ids.has(id)) throw new Error(`two mutants are called ${id}`);
    ids.add(id);
  }
  return all;
}

/** The file with the defence disabled. Throws when the edit does not fit: the list has to follow the code. */
export function applyMutant(text: string, { id, file, find, replace }: Mutant): string {
  const [before, ...after] = text.split(find);
  if (after.length !== 1) {
    throw new Error(`${id}: its text stands ${after.length} times in ${file}, not once`);
  }
  return `${before}${replace}${after[0]}`;
}

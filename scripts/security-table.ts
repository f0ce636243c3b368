/**
 * The table of docs/security.md: each promise, the tests that carry its number, and the defences whose loss one of them notices
 * (`npm run mutants -- --docs` writes what it saw). Pure. A promise without a test says so.
 */
import { promises } from './promises.ts';
import type { SourceFile } from './source-files.ts';

/** What a run of the mutants saw. */
export interface MutantResult {
  readonly id: string;
  readonly verdict: string;
  /** Numbers in the names of tests that failed. */
  readonly promises: readonly string[];
}

const title =
  /(?:test|it|describe)(?:\.each(?:<[^(]*>)?\([^]*?\)|\.skip)?\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`)/g;
/** Rows of a table carry a number too. */
const row = /\[\s*(['"`])(S\d+(?:, S\d+)*:)/g;
const numbers = /\bS\d+(?=[:,])/g;

/** How many titles, or rows of tables, of a test file carry each number. */
function countTitles(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const texts = [...text.matchAll(title)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  for (const found of [...texts, ...[...text.matchAll(row)].map((match) => match[2] ?? '')]) {
    for (const [number] of found.matchAll(numbers)) counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  return counts;
}

function testsOf(files: readonly SourceFile[]): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const { path, text } of files.filter((file) => file.path.endsWith('.test.ts'))) {
    for (const number of countTitles(text).keys()) {
      places.set(number, [
        ...(places.get(number) ?? []),
        path.replace(/^test\//, '').replace(/\.test\.ts$/, ''),
      ]);
    }
  }
  return places;
}

export function securityTable(files: readonly SourceFile[], results: readonly MutantResult[]): string {
  const tests = testsOf(files);
  const rows = promises.map(([number, promise]) => {
    const places = tests.get(number) ?? [];
    const named = places.map((place) => `\`${place}\``).join(', ');
    const killed = results.filter(
      (result) => result.verdict === 'killed' && result.promises.includes(number),
    );
    const defences = killed.length === 0 ? '' : String(killed.length);
    return `| ${number} | ${promise} | ${named === '' ? '**no test of its own**' : named} | ${defences} |`;
  });
  return [
    '| | promise | tests (below `test/`) | defences proven by mutation |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

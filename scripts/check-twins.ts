/**
 * Test twins: `test/` mirrors the tree, so each source file has `test/<path>.test.ts`. Prints those that have none;
 * a file is excused when a test imports it directly. A list to work on, not a failure: it must never be pleased
 * by an empty test file.
 */
import { posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { readSourceFiles, type SourceFile } from './source-files.ts';

const untested = /^(?:test|bench|scripts|bin|apps|examples)\/|^[^/]+$|\/index\.ts$/;

/** Source files without a twin that no test imports either. */
export function findUntwinned(files: readonly SourceFile[]): string[] {
  const tests = files.filter((file) => file.path.startsWith('test/'));
  const twins = new Set(tests.map((file) => file.path));
  const imported = new Set(
    tests.flatMap((file) =>
      ts
        .preProcessFile(file.text, true, true)
        .importedFiles.map((each) => posix.normalize(posix.join(posix.dirname(file.path), each.fileName))),
    ),
  );
  return files
    .filter((file) => !untested.test(file.path) && !imported.has(file.path))
    .filter((file) => !twins.has(`test/${file.path.replace(/\.ts$/, '.test.ts')}`))
    .map((file) => file.path);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const missing = findUntwinned(readSourceFiles());
  for (const path of missing) console.log(`no test twin: ${path}`);
  console.log(`${missing.length} source file(s) without a test of their own`);
}

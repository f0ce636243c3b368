/**
 * Import directions: a folder imports only the folders the table allows, and only through their index.ts. Apart from
 * oxlint because no rule there knows this table. It reads imports with TypeScript's own scanner, never by guess.
 */
import { posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { allowedImports, foldersOfDoors, mayEnterAnyFile, ownPackages } from './folder-table.ts';
import { readSourceFiles, report, type SourceFile } from './source-files.ts';

interface Target {
  readonly folder: string;
  readonly throughDoor: boolean;
}

/** The folder of ours an import leads to; undefined for packages, Node modules and files of the root. */
function targetOf(importer: string, specifier: string): Target | undefined {
  const owned = ownPackages[specifier];
  if (owned !== undefined) return { folder: owned, throughDoor: true };
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.normalize(posix.join(posix.dirname(importer), specifier));
  const [folder = '', ...rest] = path.split('/');
  const inside = rest.join('/');
  const nested = foldersOfDoors.includes(folder) && /^[^/]+\/index\.ts$/.test(inside);
  return rest.length === 0 ? undefined : { folder, throughDoor: inside === 'index.ts' || nested };
}

function judge(importer: string, specifier: string): string | undefined {
  const folder = importer.split('/')[0] ?? '';
  const target = targetOf(importer, specifier);
  if (target === undefined || target.folder === folder) return undefined;
  const allowed = allowedImports[folder] ?? [];
  if (!allowed.includes('*') && !allowed.includes(target.folder)) {
    return `${importer}: ${folder}/ may not import ${target.folder}/ (allowed: ${allowed.join(', ') || 'nothing of ours'})`;
  }
  if (!target.throughDoor && !mayEnterAnyFile.includes(folder)) {
    return `${importer}: import ${specifier} goes around ${target.folder}/index.ts, the folder's one door`;
  }
  return undefined;
}

/** Problems of the given files, in order. Files in the root and plain-Node bootstraps in bin/ are free. */
export function checkImports(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => file.path.includes('/') && !file.path.startsWith('bin/'))
    .flatMap((file) =>
      ts
        .preProcessFile(file.text, true, true)
        .importedFiles.map((imported) => judge(file.path, imported.fileName))
        .filter((problem) => problem !== undefined),
    );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  report('imports', checkImports(readSourceFiles()));
}

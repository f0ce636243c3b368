/**
 * Writes the generated files that our own sources import. Apart from generate.ts, and run before it, because what that one writes
 * is read from api/, which has these when it is loaded.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { capabilityNotesFile } from './capability-docs.ts';
import { neverOpenFiles } from './never-open-files.ts';

const root = process.cwd();
for (const [path, text] of neverOpenFiles()) writeFileSync(join(root, path), text);
const notes = await format(capabilityNotesFile(), {
  parser: 'typescript',
  singleQuote: true,
  printWidth: 110,
});
writeFileSync(join(root, 'api/not-enforced-notes.ts'), notes);

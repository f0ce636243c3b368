/**
 * The repository's root. Apart, because it must lie exactly one folder below the root both as a source file
 * (`local/root.ts`) and in the bundle (`build/clrk.mjs`).
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = dirname(dirname(fileURLToPath(import.meta.url)));
/** The program that platform pods run. */
export const bundlePath = `${repositoryRoot}/build/clrk.mjs`;

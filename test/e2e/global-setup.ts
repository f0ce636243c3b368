/**
 * One home directory for all end-to-end tests of a run. The platform in it is brought up by the first file that opens
 * it (not here: a global set-up runs before all other tests, and the platform wants the machine for itself) and taken
 * down after the last. `CLRK_E2E_HOME=<home>` uses, and leaves alone, a platform that `clrk dev up` runs there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { clrk } from './clrk-command.ts';

declare module 'vitest' {
  interface ProvidedContext {
    devHome: string;
  }
}

export function setup(project: TestProject): () => Promise<void> {
  const kept = process.env['CLRK_E2E_HOME'];
  const home = kept ?? mkdtempSync(join(tmpdir(), 'clrk-e2e-'));
  project.provide('devHome', home);
  return async () => {
    if (kept !== undefined) return;
    await clrk(home, 'dev', 'down');
    rmSync(home, { recursive: true, force: true });
  };
}

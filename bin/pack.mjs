/**
 * `npm run pack -- DIR`: the two packages people install, as tarballs. `npm pack` makes them from a staging folder; the
 * repository's own package.json is private and stays so.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stageConstructs } from '../scripts/pack-constructs.ts';
import { stageProgram } from '../scripts/pack-program.ts';
import { bundleOptions } from './bundle.mjs';

function tarball(staging, destination) {
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', destination];
  return join(destination, execFileSync('npm', args, { cwd: staging, encoding: 'utf8' }).trim());
}

const [directory, ...rest] = process.argv.slice(2);
if (directory === undefined || rest.length > 0) {
  console.error('usage: npm run pack -- DIRECTORY');
  process.exit(2);
}
const destination = resolve(directory);
mkdirSync(destination, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), 'clrk-pack-'));
try {
  stageConstructs(join(staging, 'constructs'));
  await stageProgram(join(staging, 'program'), bundleOptions);
  for (const name of ['constructs', 'program']) console.log(tarball(join(staging, name), destination));
} finally {
  rmSync(staging, { recursive: true });
}

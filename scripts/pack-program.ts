/**
 * The program `clrk` as it is published: one bundle and its chunks. Packages with native parts are optional peers, so
 * that a pull request's check installs in seconds; a command that needs one says which (cli/missing-package.ts).
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };
import { optionalPackages } from '../cli/index.ts';
import { stageTesting, testingExports } from './pack-testing.ts';
import { repositoryRoot } from './source-files.ts';

const readme = `# clrk

The command line of CLRK. \`npx clrk --help\` lists its commands.

    npm install --save-dev clrk
    npx clrk validate dist/

Some commands need packages that are not installed with it; they say which.
`;

/** cdk8s loads a validation plugin with `require`, as the main file of its package. */
const plugin = `/** What \`validations:\` in cdk8s.yaml names. */
class ClrkValidation {
  #properties;

  constructor(properties) {
    this.#properties = properties;
  }

  async validate(context) {
    const { validateSynth } = await import('./policy.mjs');
    validateSynth(context, this.#properties);
  }
}

module.exports = { ClrkValidation };
`;

/** `bundling` is how this clone's own program is made: what is packed is what was tested. */
export async function stageProgram(staging: string, bundling: BuildOptions): Promise<void> {
  mkdirSync(staging, { recursive: true });
  const entryPoints = { clrk: 'cli/main.ts', policy: 'policy/index.ts' };
  const { outputFiles = [] } = await build({ ...bundling, entryPoints, outdir: staging });
  for (const { path, contents } of outputFiles) writeFileSync(join(staging, basename(path)), contents);
  writeFileSync(join(staging, 'bin.mjs'), "#!/usr/bin/env node\nimport './clrk.mjs';\n", { mode: 0o755 });
  await stageTesting(staging, bundling);
  writeFileSync(join(staging, 'validation.cjs'), plugin);
  const versions = new Map(Object.entries(manifest.dependencies));
  const peers = optionalPackages.map((name) => [name, `^${versions.get(name) ?? '0'}`] as const);
  const { name, version, description, license, type, engines } = manifest;
  const packed = {
    ...{ name, version, description, license, type, engines },
    bin: { clrk: 'bin.mjs' },
    main: './validation.cjs',
    exports: { '.': './validation.cjs', ...testingExports, './package.json': './package.json' },
    files: ['*.mjs', '*.cjs', 'testing'],
    peerDependencies: Object.fromEntries(peers),
    peerDependenciesMeta: Object.fromEntries(optionalPackages.map((each) => [each, { optional: true }])),
  };
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`);
  writeFileSync(join(staging, 'README.md'), readme);
  copyFileSync(join(repositoryRoot, 'LICENSE'), join(staging, 'LICENSE'));
}

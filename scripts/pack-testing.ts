/**
 * `clrk/testing` as it is published, inside the program's package: CommonJS, because jest loads nothing else, which vitest
 * and modules import by name all the same; with declarations that stand alone.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import ts from 'typescript';
import { published } from './pack-constructs.ts';
import { repositoryRoot } from './source-files.ts';

const source = 'cli/testing';

const forVitest = `import { expect } from 'vitest';
import { reachMatchers } from './index.js';

expect.extend(reachMatchers);
`;

const vitestTypes = `import 'vitest';

declare module 'vitest' {
  interface Matchers<T = any> {
    /** Passes when the list is all that is reached: sentences of \`clrk reach\`, or \`host:port\`, \`agent -> host:port\`. */
    toReachOnly(listed: readonly string[]): void;
  }
}
`;

const forJest = `const { reachMatchers } = require('./index.js');

expect.extend(reachMatchers);
`;

const jestTypes = `export {};

declare global {
  namespace jest {
    interface Matchers<R, T = {}> {
      /** Passes when the list is all that is reached: sentences of \`clrk reach\`, or \`host:port\`, \`agent -> host:port\`. */
      toReachOnly(listed: readonly string[]): R;
    }
  }
}
`;

/** Its part of the `exports` of package.json. */
export const testingExports = {
  './testing': { types: './testing/index.d.ts', default: './testing/index.js' },
  './testing/vitest': { types: './testing/vitest.d.mts', default: './testing/vitest.mjs' },
  './testing/jest': { types: './testing/jest.d.ts', default: './testing/jest.js' },
} as const;

/** Each file by itself: they say their types, and checking all they import takes longer than the rest of packing. */
function writeTypes(folder: string): void {
  for (const name of ['index', 'reach', 'matchers']) {
    const text = readFileSync(join(repositoryRoot, source, `${name}.ts`), 'utf8');
    const { outputText } = ts.transpileDeclaration(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2022 },
    });
    const clean = published(outputText);
    if (clean.includes("'../")) throw new Error(`${name}.d.ts shows a type that is not packed`);
    writeFileSync(join(folder, `${name}.d.ts`), clean);
  }
}

export async function stageTesting(staging: string, bundling: BuildOptions): Promise<void> {
  const folder = join(staging, 'testing');
  mkdirSync(folder, { recursive: true });
  const {
    splitting: _splitting,
    banner: _banner,
    outExtension: _extension,
    chunkNames: _chunks,
    ...shared
  } = bundling;
  const entryPoints = { index: `${source}/index.ts` };
  const { outputFiles = [] } = await build({ ...shared, format: 'cjs', entryPoints, outdir: folder });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  writeTypes(folder);
  const files = {
    'package.json': `${JSON.stringify({ type: 'commonjs', main: './index.js', types: './index.d.ts' })}\n`,
    'vitest.mjs': forVitest,
    'vitest.d.mts': vitestTypes,
    'jest.js': forJest,
    'jest.d.ts': jestTypes,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/**
 * A TypeScript agent and its npm dependencies to one ES module, by esbuild. Apart because it is the only place that
 * knows the bundler. Reproducible: no paths, times or source maps of the machine in the output.
 */
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { BuildFailure } from 'esbuild';
import { ClrkError } from '../../contract/index.ts';

/** CommonJS dependencies call `require` for Node's own modules; an ES module has none. */
const requireBanner =
  "import { createRequire as __clrkCreateRequire } from 'node:module'; const require = __clrkCreateRequire(import.meta.url);";

function bundleError(thrown: unknown): ClrkError {
  const [first] = (thrown as Partial<BuildFailure>).errors ?? [];
  const where = first?.location ? `${first.location.file}:${first.location.line}: ` : '';
  const what = first?.text ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return new ClrkError('IMAGE_BUILD_FAILED', `the agent cannot be bundled: ${where}${what}`, {
    hint: 'Correct the agent, and install what it imports with npm.',
    cause: thrown,
  });
}

export async function bundleAgent(entry: string): Promise<Buffer> {
  const path = resolve(entry);
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new ClrkError('IMAGE_BUILD_FAILED', `there is no file ${path}`, {
      hint: 'Name the TypeScript or JavaScript file that is the agent.',
    });
  // Loaded late: workers come through the same door and never bundle.
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: [path],
    absWorkingDir: dirname(path),
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: `node${process.versions.node.split('.')[0] ?? '20'}`,
    // White space holds esbuild's comments with file paths, which depend on where dependencies are installed.
    minifyWhitespace: true,
    legalComments: 'none',
    keepNames: true,
    charset: 'utf8',
    logLevel: 'silent',
    banner: { js: requireBanner },
  }).catch((thrown: unknown) => {
    throw bundleError(thrown);
  });
  return Buffer.from(result.outputFiles[0]?.contents ?? []);
}

/**
 * @clrk/constructs as it is published: JavaScript and declarations, without the platform's types. Apart from the program's
 * package because it shares nothing with it. It refuses to pack a declaration that names a type of another folder.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { repositoryRoot } from './source-files.ts';

const readme = `# @clrk/constructs

Typed [cdk8s](https://cdk8s.io) constructs for CLRK: agents, worker pools, egress gateways and policies. No native code;
\`cdk8s\` and \`constructs\` are peers.

    npm install @clrk/constructs cdk8s constructs
`;

function compilerOptions(staging: string): ts.CompilerOptions {
  const read = (path: string): string | undefined => ts.sys.readFile(path);
  const { config } = ts.readConfigFile(join(repositoryRoot, 'tsconfig.json'), read) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repositoryRoot);
  return {
    ...options,
    noEmit: false,
    // One CommonJS build for everyone: `require` finds it, `import` finds its names, and there are no two copies of a class.
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    verbatimModuleSyntax: false,
    declaration: true,
    stripInternal: true,
    allowImportingTsExtensions: false,
    rewriteRelativeImportExtensions: true,
    rootDir: repositoryRoot,
    outDir: staging,
  };
}

/** In declarations TypeScript leaves `./port.ts` as it is; a reader of the package has `./port.js`. */
export function published(text: string): string {
  return text.replace(/(from '|import\(')(\.{1,2}\/[^']+)\.ts'/g, "$1$2.js'");
}

/** Fills the folder and returns it. */
export function stageConstructs(staging: string): void {
  const library = join(staging, 'lib');
  mkdirSync(library, { recursive: true });
  const program = ts.createProgram([join(repositoryRoot, 'constructs/index.ts')], compilerOptions(staging));
  const { diagnostics } = program.emit(undefined, (path, text) => {
    // What constructs/ knows of api/ are types: nothing of it is run, and nothing of it may be seen.
    if (dirname(relative(staging, path)) !== 'constructs') return;
    const clean = published(text);
    if (path.endsWith('.d.ts') && clean.includes("'../"))
      throw new Error(`${basename(path)} shows a type that is not packed`);
    writeFileSync(join(library, basename(path)), clean);
  });
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, formatHost));
  const manifest = JSON.parse(
    readFileSync(join(repositoryRoot, 'constructs/package.json'), 'utf8'),
  ) as object;
  const packed = {
    ...manifest,
    type: 'commonjs',
    sideEffects: false,
    // For resolvers that do not read `exports`.
    main: './lib/index.js',
    types: './lib/index.d.ts',
    exports: {
      '.': { types: './lib/index.d.ts', default: './lib/index.js' },
      './package.json': './package.json',
    },
    files: ['lib'],
  };
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`);
  writeFileSync(join(staging, 'README.md'), readme);
  copyFileSync(join(repositoryRoot, 'LICENSE'), join(staging, 'LICENSE'));
}

const formatHost: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => repositoryRoot,
  getNewLine: () => '\n',
};

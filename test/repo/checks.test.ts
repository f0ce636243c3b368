import { describe, expect, test } from 'vitest';
import { checkEngines, promisedNode } from '../../scripts/check-engines.ts';
import { checkImports } from '../../scripts/check-imports.ts';
import { checkSize } from '../../scripts/check-size.ts';
import { findUntwinned } from '../../scripts/check-twins.ts';
import { allowedImports } from '../../scripts/folder-table.ts';
import packageJson from '../../package.json' with { type: 'json' };

const file = (path: string, text: string) => ({ path, text });

describe('import directions', () => {
  test.each([
    ['egress/x.ts', `import { a } from '../contract/index.ts';`],
    ['egress/deep/x.ts', `import { a } from '../y.ts'; import b from 'node:net'; import c from 'pino';`],
    ['worker/x.ts', `export * from '../oci/index.ts';`],
    ['test/egress/x.test.ts', `import { a } from '../../egress/deep/y.ts';`],
    ['apps/x.ts', `import { a } from '@clrk/constructs';`],
    ['local/x.ts', `import { a } from '../examples/provider/index.ts';`],
    ['bin/start.mjs', `import { a } from '../local/tools/x.mjs';`],
  ])('%s: %s is allowed', (path, text) => {
    expect(checkImports([file(path, text)])).toEqual([]);
  });

  test.each([
    ['another role', 'egress/x.ts', `import { a } from '../worker/index.ts';`],
    ['another role, as a type', 'egress/x.ts', `import type { A } from '../operator/index.ts';`],
    ['another role, re-exported', 'egress/x.ts', `export { a } from '../ingress/index.ts';`],
    ['another role, dynamically', 'egress/x.ts', `await import('../telemetry/index.ts');`],
    ['around the door', 'egress/x.ts', `import { a } from '../contract/hostname.ts';`],
    ['around the door, from the CLI', 'cli/x.ts', `import { a } from '../local/home.ts';`],
    ['around an example’s door', 'local/x.ts', `import { a } from '../examples/provider/server.ts';`],
    ['up from a leaf', 'contract/x.ts', `import { a } from '../process/index.ts';`],
    ['out of constructs', 'constructs/x.ts', `import { a } from '../contract/index.ts';`],
    ['from a folder nobody knows', 'helpers/x.ts', `import { a } from '../api/index.ts';`],
  ])('%s is a problem', (_, path, text) => {
    expect(checkImports([file(path, text)])).toHaveLength(1);
  });

  test('an import in a comment or a string is none', () => {
    const text = `// import x from '../worker/index.ts';\nconst a = "import y from '../worker/index.ts'";`;
    expect(checkImports([file('egress/x.ts', text)])).toEqual([]);
  });

  test('no two folders may import each other, but for those that may import all', () => {
    const narrow = Object.entries(allowedImports).filter(([, targets]) => !targets.includes('*'));
    const both = narrow.filter(([from, targets]) => targets.some((to) => allowedImports[to]?.includes(from)));
    expect(both).toEqual([]);
  });
});

describe('S53: dependencies', () => {
  const locked = (part: object) => ({
    packages: { '': {}, 'node_modules/x': { version: '1.0.0', ...part } },
  });

  test.each([
    ['no range', {}],
    ['an old range', { engines: { node: '>= 0.8' } }],
    ['several', { engines: { node: '^18 || ^20 || >=22' } }],
    ['a known install script', { hasInstallScript: false }],
  ])('%s is fine', (_, part) => {
    expect(checkEngines(locked(part), {})).toEqual([]);
  });

  test.each([
    ['a package that needs Node 22', { engines: { node: '>=22' } }],
    ['one that needs a later Node 20', { engines: { node: '^20.20.0' } }],
    ['an install script nobody looked at', { hasInstallScript: true }],
  ])('%s is a problem', (_, part) => {
    expect(checkEngines(locked(part), {})).toHaveLength(1);
  });

  test.each(['^1.0.0', '~1.0.0', 'latest', '*', '1.x'])('%s is not pinned', (version) => {
    expect(checkEngines({ packages: {} }, { dependencies: { x: version } })).toHaveLength(1);
  });

  test('what we promise is what package.json says', () => {
    expect(packageJson.engines.node).toBe(`>=${promisedNode.replace(/\.0$/, '')}`);
  });
});

describe('sizes', () => {
  test('301 lines are too many, 300 are not, tests are free', () => {
    const long = 'x\n'.repeat(301);
    const rest = [file('a/y.ts', ''), file('a/z.ts', '')];
    expect(checkSize([file('a/x.ts', long), ...rest])).toHaveLength(1);
    expect(checkSize([file('a/x.ts', 'x\n'.repeat(300)), ...rest])).toEqual([]);
    expect(checkSize([file('test/x.ts', long)])).toEqual([]);
  });

  test('a folder of thick files is one problem', () => {
    expect(checkSize([file('a/x.ts', 'x\n'.repeat(121))])).toHaveLength(1);
  });
});

describe('twins', () => {
  test('a source file is named by its twin or by any test that imports it', () => {
    const files = [
      file('a/x.ts', ''),
      file('a/y.ts', ''),
      file('a/z.ts', ''),
      file('a/index.ts', ''),
      file('test/a/x.test.ts', ''),
      file('test/a/other.test.ts', `import { y } from '../../a/y.ts';`),
    ];
    expect(findUntwinned(files)).toEqual(['a/z.ts']);
  });
});

import { expect, test } from 'vitest';
import { explainMissingPackage } from '../../cli/missing-package.ts';
import packageJson from '../../package.json' with { type: 'json' };

async function failureOf(specifier: string): Promise<unknown> {
  return await import(/* @vite-ignore */ specifier).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

function notFound(name: string): Error {
  return Object.assign(new Error(`Cannot find package '${name}' imported from /x/clrk/chunk.mjs`), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
}

test('a package a small install leaves out is named with the version to install', () => {
  expect(explainMissingPackage(notFound('koffi'))).toMatchObject({
    code: 'PACKAGE_MISSING',
    message: 'this command needs the package koffi, which is not installed',
    hint: `Type: npm install --save-dev koffi@${packageJson.dependencies.koffi}`,
  });
});

test('everything else stays what it was', async () => {
  const others = [
    notFound('left-pad'),
    new Error('koffi'),
    'koffi',
    await failureOf('data:text/javascript,throw 1'),
  ];
  for (const thrown of others) expect(explainMissingPackage(thrown)).toBe(thrown);
});

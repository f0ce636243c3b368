/** The fast reader against the full parser: it may decline, it may never differ. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readPlainYaml } from '../../../policy/manifest/plain-yaml.ts';
import { YamlDocument } from '../../../policy/manifest/yaml-document.ts';
import { fullValue } from './full-parser.ts';

function agrees(text: string): void {
  const plain = readPlainYaml(text);
  if (plain !== undefined) expect({ text, value: plain }).toEqual({ text, value: fullValue(text) });
}

describe('reads what the full parser reads', () => {
  const root = new URL('../../../', import.meta.url);
  const files = ['dist', 'crds', 'test/api', 'test/policy/rules'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => `${folder}/${name}`),
  );
  test('every manifest of this repository', () => {
    for (const file of files)
      for (const text of readFileSync(new URL(file, root), 'utf8').split(/^---$/m)) agrees(text);
  });

  test('what cdk8s writes takes the fast way', () => {
    const own = files.filter((file) => file.startsWith('dist/examples/'));
    expect(own.length).toBeGreaterThan(4);
    for (const file of own)
      expect([file, typeof readPlainYaml(readFileSync(new URL(file, root), 'utf8'))]).toEqual([
        file,
        'object',
      ]);
  });

  const word = fc.oneof(
    fc.constantFrom(
      'yes',
      'no',
      'on',
      'y',
      'null',
      '~',
      'true',
      '0775',
      '0x1f',
      '1e3',
      '1_000',
      '.5',
      '-0',
      '10:20',
      '2026-01-02',
      '=',
      '<<',
      '512Mi',
      '10.0.0.0/8',
      '1.2.3',
      '- a',
      'a: b',
      'a #b',
      'a:',
      '#x',
      '"q"',
      "it's",
      '',
      ' x',
      '0b1',
      '0s',
      '1.5Gi',
      '-1',
      '+1',
      '.inf',
      '1.0',
      'a\\nb',
      'é',
      '\u2028',
    ),
    fc.string({ maxLength: 12 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      word,
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(fc.constantFrom('a', 'kind', 'spec', 'yes', '1', 'a b'), fc.string({ maxLength: 6 })),
        tie('node'),
        { maxKeys: 4 },
      ),
    ),
  })).node;

  test('random documents, as programs write them', () => {
    fc.assert(
      fc.property(value, (each) => agrees(stringify(each, { version: '1.1', lineWidth: 0 }))),
      { numRuns: 3_000 },
    );
  });

  const line = fc.tuple(
    fc.integer({ min: 0, max: 5 }),
    fc.constantFrom('', '- ', 'a: ', 'b:', '- a: ', '-', '"k": ', "'k': ", '# ', '? '),
    fc.oneof(fc.constant(''), word.map(String)),
  );
  test('random lines, as people write them', () => {
    const text = fc
      .array(line, { maxLength: 7 })
      .map((lines) =>
        lines.map(([indent, start, rest]) => `${' '.repeat(indent)}${start}${rest}`).join('\n'),
      );
    fc.assert(fc.property(text, agrees), { numRuns: 10_000 });
  });
});

test('places are those of the value, in the second document too', () => {
  const document = new YamlDocument('spec:\n  rules:\n    - a: 1\n    - a: 2\n', { linesBefore: 10 });
  expect(document.locate(['spec', 'rules', 1, 'a'])).toEqual({ line: 14, column: 7 });
  expect(document.locate(['spec', 'rules', 5])).toEqual({ line: 12, column: 3 });
});

/** What the reader makes of a text: the values other readers agree on, or a problem with its place; in linear time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { splitDocuments } from '../../../policy/manifest/yaml-split.ts';
import { YamlDocument } from '../../../policy/manifest/yaml-document.ts';
import { aliasAllowance } from '../../../policy/manifest/yaml-value.ts';
import { strictValue } from './full-parser.ts';

type Read = { readonly value: unknown } | { readonly problem: string; readonly at: string };

function readOne(text: string): Read {
  const read = new YamlDocument(text, { linesBefore: 0 }).read();
  if (!('problem' in read)) return { value: read.value };
  const { message, line, column } = read.problem;
  return { problem: message, at: `${line}:${column}` };
}

const readAll = (text: string): unknown[] =>
  splitDocuments(text).map((document) => {
    const read = document.read();
    return 'problem' in read ? `${read.problem.line}: ${read.problem.message}` : read.value;
  });

describe('aliases', () => {
  const many = Array.from({ length: 5_000 }, (_, index) => `  k${index}: *x`).join('\n');
  test('any number of uses of one scalar is read', () => {
    const read = readOne(`data:\n  a: &x v\n${many}\n`);
    const { data } = (read as { value: { data: Record<string, string> } }).value;
    expect(Object.keys(data)).toHaveLength(5_001);
    expect(new Set(Object.values(data))).toEqual(new Set(['v']));
  });

  const laughs = (levels: number): string =>
    `l0: &l0 [x]\n${Array.from({ length: levels }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`).join('\n')}\n`;

  test('what expands beyond 4 MiB is refused, with its line, and nothing is expanded to find out', () => {
    const before = process.memoryUsage().heapUsed;
    expect(readOne(laughs(60))).toMatchObject({
      problem: expect.stringContaining('larger than 4 MiB') as string,
    });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    expect(readOne(laughs(3))).toHaveProperty('value');
    const twenty = Array.from({ length: 20 }, () => '*a').join(', ');
    expect(readOne(`a: &a ${'x'.repeat(1_000_000)}\nb: [${twenty}]\n`)).toHaveProperty('problem');
  });

  test('a document without aliases may be as large as its file', () => {
    const list = Array.from({ length: 60 }, () => `- {a: b, c: ${'x'.repeat(100_000)}}`).join('\n');
    expect(readOne(`items:\n${list}\n`)).toHaveProperty('value');
  });

  test('many documents share one allowance', () => {
    const allowance = aliasAllowance();
    const one = new YamlDocument(`a: &a ${'x'.repeat(900_000)}\nb: [*a, *a, *a]\n`, { linesBefore: 0 });
    const ends = Array.from({ length: 40 }, () => 'problem' in one.read(allowance));
    expect([ends[0], ends.at(-1)]).toEqual([false, true]);
  });

  test('merges too, and a merge copies no more than fits', () => {
    const wide = Array.from({ length: 2_000 }, (_, index) => `k${index}: ${'v'.repeat(100)}`).join(', ');
    const text = `a: &a {${wide}}\n${Array.from({ length: 100 }, (_, index) => `m${index}: {<<: *a}`).join('\n')}\n`;
    expect(readOne(text)).toHaveProperty('problem');
  });

  test.each([
    ['of itself', 'a: &a [*a]'],
    ['without an anchor', 'a: *b'],
    ['of a later anchor', 'a: *b\nb: &b 1'],
  ])('an alias %s is refused', (_, text) => {
    expect(readOne(text)).toHaveProperty('problem');
  });

  test('the anchor above it counts when there are two', () => {
    expect(readOne('a: &x 1\nb: *x\nc: &x 2\nd: *x')).toEqual({ value: { a: 1, b: 1, c: 2, d: 2 } });
  });
});

describe('what tools read differently is refused, what they read alike is read', () => {
  test.each([
    ['a merge over a key that is set', 'a: {b: 1, <<: {b: 2}}'],
    ['an octal of YAML 1.2', 'a: {b: 0o10}'],
    ['a hexadecimal in capitals', 'a: {b: 0X1F}'],
    ['a float with an underscore', 'a: {b: 1e3_0}'],
    ['an underscore behind a dot', 'a: {b: ._1}'],
    ['an underscore among decimals alone', 'a: {b: .1_0}'],
    ['an underscore behind a sign', 'a: {b: -_0}'],
    ['infinity', 'a: {b: .inf}'],
    ['a key that is null', '{~: 1}'],
    ['a key that is a list', '{[a]: 1}'],
    ['a key as text and as number', '{1: a, "1": b}'],
    ['a tag of somebody', 'a: !x {b: 1}'],
    ['a lone carriage return', 'a: {b: c}\rd: e'],
    ['a line separator', 'a: {b: "c\u2028d"}'],
    ['a control character', 'a: {b: "\u0007"}'],
    ['a byte order mark inside', 'a: {b: c}\n\ufeffd: e'],
    ['a directive', '%YAML 1.1\n'],
    ['a second document after ...', 'a: {}\n...\nb: {}\n'],
  ])('%s', (_, text) => {
    expect(readOne(text)).toHaveProperty('problem');
  });

  test.each<[string, string, unknown]>([
    [
      'a merge that keys below override',
      'a: &a {x: 1, z: 1}\nb: {<<: *a, x: 2}',
      { a: { x: 1, z: 1 }, b: { x: 2, z: 1 } },
    ],
    ['several merged maps, the first wins', 'a: {<<: [{x: 1}, {x: 2, z: 2}]}', { a: { x: 1, z: 2 } }],
    ['the last of a doubled key', '{a: 1, b: 2, a: 3}', { a: 3, b: 2 }],
    [
      'what begins with an underscore is text',
      'a: {b: _0, c: _1.5, d: __0x1}',
      { a: { b: '_0', c: '_1.5', d: '__0x1' } },
    ],
    [
      'words of YAML 1.1',
      'a: {b: yes, c: no, d: 010, e: 1_000}',
      { a: { b: true, c: false, d: 8, e: 1_000 } },
    ],
    ['dates as text', 'a: {b: 2001-01-01}', { a: { b: '2001-01-01' } }],
    ['numbers as keys', '{1: a, true: b}', { '1': 'a', true: 'b' }],
    ['__proto__ as a key like any other', '{"__proto__": 1}', JSON.parse('{"__proto__": 1}')],
    ['a byte order mark in front', '\ufeffa: {b: c}', { a: { b: 'c' } }],
    ['an end and comments after it', 'a: {}\n...\n# x\n', { a: {} }],
    ['comments alone', '# a\n\n  # b\n', null],
    ['nothing', '', null],
  ])('%s', (_, text, value) => {
    expect(readOne(text)).toEqual({ value });
  });

  test('doubled keys are told at their line, ten at most', () => {
    const read = new YamlDocument('a: {x: 1}\n'.repeat(50), { linesBefore: 5 }).read();
    expect('problem' in read ? [] : read.doubled.map(({ line }) => line)).toEqual(
      Array.from({ length: 10 }, (_, index) => 7 + index),
    );
  });
});

describe('nesting is refused while tokens are made, before anything recurses', () => {
  test.each([
    ['deep brackets', `a: ${'['.repeat(20_000)}`],
    ['deep dashes', '- '.repeat(20_000)],
    ['deep maps', Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('%s', (_, text) => {
    expect(readOne(text)).toMatchObject({ problem: 'is nested deeper than 200' });
  });
});

describe('documents are cut where kubectl cuts them', () => {
  test.each<[string, string, unknown[]]>([
    ['comments after the separator', 'a: 1\n--- # x\nb: 2\n---\t#y\nc: 3', [{ a: 1 }, { b: 2 }, { c: 3 }]],
    ['inside a block scalar', 'a: |\n  x\n---\nb: 2', [{ a: 'x\n' }, { b: 2 }]],
    ['JSON values one after the other', '{"a":1}\n{"b":[2]} {"c":"}{"}', [{ a: 1 }, { b: [2] }, { c: '}{' }]],
    ['JSON values with separators', '\n{"a":1}\n---\n{"b":2}\n', [{ a: 1 }, { b: 2 }]],
    ['the last of a doubled key in JSON', '{"a":1,"a":2}', [{ a: 2 }]],
    ['YAML that begins with a brace', '{a: 1}\n---\nb: 2', [{ a: 1 }, { b: 2 }]],
  ])('%s', (_, text, values) => {
    expect(readAll(text)).toEqual(values);
  });

  test.each(['--- {a: 1}', '---x', '----', '--- |\n  x'])('what kubectl refuses is refused: %s', (line) => {
    expect(readAll(`a: 1\n${line}\n---\nb: 2`)).toEqual([
      { a: 1 },
      expect.stringMatching(/^2: begins with ---/),
      ...(line.includes('\n') ? [expect.anything()] : [null]),
      { b: 2 },
    ]);
  });
});

describe('against the strict parser', () => {
  const piece = fc.constantFrom(
    'a: 1',
    'b: &x v',
    'c: *x',
    'd: &y {z: 1}',
    'e: *y',
    'f: {<<: *y, g: 2}',
    '<<: *y',
    'h: [1, *x, {i: j}]',
    'k: |',
    '  text',
    'l: >-',
    '    more',
    'm: "q',
    '  r"',
    "n: 'it''s'",
    '- a',
    '- &x b',
    '- *x',
    '? o',
    ': p',
    'q: yes',
    'r: 010',
    's: ~',
    't: !!str 1',
    'a: 2',
    '',
    ' ',
    '# c',
    '  # c',
    '...',
    '%YAML 1.1',
    '&x',
    '[1,',
    '2]',
    '{u: v}',
  );
  const line = fc
    .tuple(fc.constantFrom('', '', '', '  ', '    '), piece)
    .map(([indent, text]) => indent + text);
  const text = fc.array(line, { maxLength: 8 }).map((lines) => `${lines.join('\n')}\n`);

  test('random documents: the same values, or a problem', () => {
    let read = 0;
    fc.assert(
      fc.property(text, (each) => {
        const own = readOne(each);
        if ('problem' in own) return;
        read += 1;
        expect({ text: each, value: own.value }).toEqual({ text: each, value: strictValue(each) });
      }),
      { numRuns: 4_000 },
    );
    // Refusing everything would pass as well.
    expect(read).toBeGreaterThan(500);
  });

  test('random documents: what the strict parser refuses is never a value here', () => {
    fc.assert(
      fc.property(text, (each) => {
        const strict = parseDocument(each, { version: '1.1', logLevel: 'error', uniqueKeys: false });
        if (strict.errors.length > 0) expect(readOne(each)).toHaveProperty('problem');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('time is linear in the text', () => {
  const numbered = (count: number, render: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => render(index)).join('\n');
  const shapes: Readonly<Record<string, (count: number) => string>> = {
    'blank lines': (count) => `${'\n'.repeat(count)}a: {b: c}\n`,
    'blank lines with spaces': (count) => `${' \n'.repeat(count)}a: {b: c}\n`,
    comments: (count) => `${'# x\n'.repeat(count)}a: {b: c}\n`,
    directives: (count) => '%a\n'.repeat(count),
    'ends of documents': (count) => `a: {}\n${'...\n'.repeat(count)}`,
    documents: (count) => 'a: {}\n---\n'.repeat(count),
    'one wide map': (count) => `a: {b: c}\n${numbered(count, (index) => `k${index}: v`)}`,
    'one key over and over': (count) => 'a: {b: 1}\n'.repeat(count),
    'anchors and aliases': (count) =>
      numbered(count, (index) => `k${index}: &a${index} v\nl${index}: *a${index}`),
    'one anchor, many aliases': (count) => `a: &x v\n${numbered(count, (index) => `k${index}: *x`)}`,
    merges: (count) => `a: &x {b: c}\n${numbered(count, (index) => `k${index}: {<<: *x}`)}`,
    'text over many lines': (count) => `a: {}\nb: ${'x\n  '.repeat(count)}\n`,
    'unclosed brackets': (count) => '['.repeat(count),
    'unclosed JSON': (count) => '{"a":['.repeat(count),
    'JSON values in one line': (count) => '{"a":1} '.repeat(count),
    'JSON values': (count) => '{"a":1}\n'.repeat(count),
    errors: (count) => 'a: ]\n'.repeat(count),
  };
  const cpuOf = (text: string): number => {
    const before = process.cpuUsage();
    readAll(text);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };

  test.each(Object.keys(shapes))('%s', (name) => {
    const make = shapes[name] ?? (() => '');
    // 27 blank lines took seconds once: small first, so that what explodes is stopped before it does.
    for (const count of [8, 16, 24, 32]) expect(cpuOf(make(count))).toBeLessThan(2_000_000);
    cpuOf(make(1_000));
    const [short, long] = [make(2_000), make(8_000)];
    const best = (text: string): number => Math.min(cpuOf(text), cpuOf(text), cpuOf(text));
    // Four times the text: 4 is linear, 16 is quadratic; ten milliseconds of noise are let pass.
    expect((best(long) + 10_000) / (best(short) + 10_000)).toBeLessThan(10);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonLimits } from '../../../egress/body/json-levels.ts';
import { JsonScanner, type JsonProblem, type JsonValue } from '../../../egress/body/json-scanner.ts';
import { wantObject, wantPresence, wantScalar } from '../../../egress/body/wanted.ts';

/** Holds six characters beyond the BMP, each written as two escapes. */
const longest = 80;

const wanted = wantObject('root', {
  model: wantScalar('model', longest),
  stream: wantScalar('stream', longest),
  params: wantObject('params', { name: wantScalar('name', longest) }),
  result: wantPresence('result'),
});

interface Scan {
  readonly problem: JsonProblem | undefined;
  readonly values: readonly JsonValue[];
}

function scan(chunks: readonly Buffer[], limits = jsonLimits): Scan {
  const values: JsonValue[] = [];
  const scanner = new JsonScanner(wanted, (value) => values.push(value) > 0, limits);
  for (const chunk of chunks) {
    // What was pushed may be overwritten by the next read of a socket.
    const copy = Buffer.from(chunk);
    scanner.push(copy);
    copy.fill(0x22);
  }
  return { problem: scanner.end(), values };
}

const scanText = (text: string | Buffer): Scan => scan([Buffer.from(text as string)]);

test.each<[string, string | Buffer, JsonProblem]>([
  ['nothing', '', 'not-json'],
  ['only spaces', ' \n', 'not-json'],
  ['two values', '{}{}', 'not-json'],
  ['a byte order mark', '\ufeff{}', 'not-json'],
  ['a comment', '{"a":1/*x*/}', 'not-json'],
  ['a trailing comma in an object', '{"a":1,}', 'not-json'],
  ['a trailing comma in an array', '[1,]', 'not-json'],
  ['a leading comma', '[,1]', 'not-json'],
  ['a name without quotes', '{a:1}', 'not-json'],
  ['a name without value', '{"a"}', 'not-json'],
  ['a value without name', '{:1}', 'not-json'],
  ['single quotes', "{'a':1}", 'not-json'],
  ['an object closed as an array', '{"a":1]', 'not-json'],
  ['an array closed as an object', '[1}', 'not-json'],
  ['one bracket too many', '[1]]', 'not-json'],
  ['an open object', '{"a":1', 'not-json'],
  ['an open string', '"a', 'not-json'],
  ['a line end in a string', '"a\nb"', 'not-json'],
  ['an unknown escape', '"\\x41"', 'not-json'],
  ['a short escape', '"\\u12"', 'not-json'],
  ['a leading zero', '01', 'not-json'],
  ['a plus sign', '+1', 'not-json'],
  ['a minus sign alone', '-', 'not-json'],
  ['a point without digits', '1.', 'not-json'],
  ['a point first', '.5', 'not-json'],
  ['an exponent without digits', '1e+', 'not-json'],
  ['a hexadecimal number', '0x10', 'not-json'],
  ['NaN', 'NaN', 'not-json'],
  ['a word in capitals', 'True', 'not-json'],
  ['a word and more', 'nullx', 'not-json'],
  ['a cut word', 'nul', 'not-json'],
  ['a form feed as space', '\f1', 'not-json'],
  ['a no-break space', '\u00a01', 'not-json'],
  ['a byte that is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not-utf8'],
  ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'not-utf8'],
  ['half a surrogate pair as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not-utf8'],
  ['a cut character', Buffer.from([0x22, 0xe2, 0x82, 0x22]), 'not-utf8'],
  ['a member twice', '{"model":"a","model":"b"}', 'repeated-name'],
  ['a member twice by escape', '{"model":"a","mod\\u0065l":"b"}', 'repeated-name'],
  ['a member twice behind padding', `{"model":"a","model"${' '.repeat(500)}:"b"}`, 'repeated-name'],
  ['a member twice deep inside', '{"a":[{"b":{"x":1,"y":{"x":1},"x":2}}]}', 'repeated-name'],
  ['a member twice around others', '{"x":1,"y":{"a":{},"b":[]},"x":2}', 'repeated-name'],
  ['an empty name twice', '{"":1,"":2}', 'repeated-name'],
  ['a member in other case', '{"model":"a","Model":"b"}', 'odd-name'],
  ['only in other case', '{"MODEL":"b"}', 'odd-name'],
  ['a long s', '{"\u017ftream":true}', 'odd-name'],
  ['a Kelvin sign would be k', '{"params":{"NAME":"b"}}', 'odd-name'],
  ['NUL in a name', '{"model\\u0000":1}', 'odd-name'],
  ['half a surrogate pair in a name', '{"a":{"\\ud800":1}}', 'odd-name'],
  ['NUL in a value that decides', '{"model":"a\\u0000b"}', 'odd-value'],
  ['half a surrogate pair in one', '{"model":"\\udc00"}', 'odd-value'],
  ['a number that is infinite to some', '{"model":1e999}', 'odd-value'],
  ['a long value that decides', `{"model":"${'a'.repeat(longest)}"}`, 'value-too-long'],
  ['a long name', `{"${'a'.repeat(jsonLimits.nameBytes + 1)}":1}`, 'name-too-long'],
  ['deep arrays', '['.repeat(129), 'too-deep'],
  ['deep objects', '{"a":'.repeat(129), 'too-deep'],
])('S46: %s is refused, in one chunk and byte by byte', (_name, text, problem) => {
  const bytes = Buffer.from(text as string);
  expect(scan([bytes]).problem).toBe(problem);
  expect(scan([...bytes].map((byte) => Buffer.of(byte))).problem).toBe(problem);
});

test.each([
  ['the deepest', `${'['.repeat(128)}${']'.repeat(128)}`],
  ['the longest name', `{"${'a'.repeat(jsonLimits.nameBytes)}":1}`],
  ['equal names in different objects', '{"a":{"a":{"a":[{"a":1},{"a":2}]}},"b":{"a":3}}'],
  ['other case where no name decides', '{"tools":{"Model":1,"model":2,"MODEL":3}}'],
  ['half a surrogate pair where nothing decides', '{"x":"\\ud800"}'],
  ['__proto__', '{"__proto__":{"model":"x"},"constructor":1}'],
  ['a huge number where nothing decides', `[1e999,${'9'.repeat(5_000)}]`],
  ['all escapes', '["\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"]'],
  ['U+2028 in a string', '"\u2028"'],
])('%s is fine', (_name, text) => {
  expect(scanText(text).problem).toBeUndefined();
});

test('reports wanted values with their places, inner ones first', () => {
  const text = ' {"model" : "a,}\\u0041" ,"result":[1,2],"params":{"x":1,"name":7.5},"stream":null}';
  const { values } = scanText(text);
  expect(
    values.map(({ key, kind, value, start, end }) => [key, kind, value, text.slice(start, end)]),
  ).toEqual([
    ['model', 'scalar', 'a,}A', '"a,}\\u0041"'],
    ['result', 'scalar', undefined, '[1,2]'].with(1, 'array'),
    ['name', 'scalar', 7.5, '7.5'],
    ['params', 'object', undefined, '{"x":1,"name":7.5}'],
    ['stream', 'scalar', null, 'null'],
    ['root', 'object', undefined, text.slice(1)],
  ]);
});

test('S46: members are capped in one object, in all of them, and over all that are open', () => {
  const object = (count: number, from = 0): string =>
    `{${Array.from({ length: count }, (_, index) => `"${index + from}":1`).join(',')}}`;
  const limits = { ...jsonLimits, members: 100, totalMembers: 250 };
  const problem = (text: string): JsonProblem | undefined => scan([Buffer.from(text)], limits).problem;
  expect(problem(object(100))).toBeUndefined();
  expect(problem(object(101))).toBe('too-many-members');
  expect(problem(`[${object(100)},${object(100)}]`)).toBeUndefined();
  expect(problem(`[${object(100)},${object(100)},${object(51)}]`)).toBe('too-many-members');
  // Nested, so that none of them can be forgotten.
  const nested = [1, 2, 3].reduce((inner) => `{${object(16_000).slice(1, -1)},"x":${inner}}`, '1');
  expect(scanText(nested).problem).toBe('too-many-members');
});

// What JSON.parse says, and what it does not say: that names are repeated. Strings out, each colon is a member.
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, each) => sum + countMembers(each), own);
}

type Verdict = { readonly value: unknown } | 'not-json' | 'repeated';

function oracle(text: string): Verdict {
  try {
    const value: unknown = JSON.parse(text);
    const colons = text.replace(/"(?:[^"\\]|\\.)*"/gs, '').split(':').length - 1;
    return colons === countMembers(value) ? { value } : 'repeated';
  } catch {
    return 'not-json';
  }
}

const decides = ['model', 'stream', 'params', 'result', 'name'];
/** The strictness we add on purpose, beside repeated names. */
function isOddOnPurpose(text: string, problem: JsonProblem): boolean {
  const folded = text.toLowerCase();
  if (problem === 'odd-name') return /\\u/i.test(text) || decides.some((name) => folded.includes(name));
  return problem === 'odd-value' && /\\u|e/i.test(text);
}

function agrees(text: string, { problem, values }: Scan): void {
  const verdict = oracle(text);
  if (verdict === 'not-json') expect(problem).toBeDefined();
  else if (verdict === 'repeated') expect(['repeated-name', 'odd-name', 'odd-value']).toContain(problem);
  else if (problem === undefined) expectSameValues(text, verdict.value, values);
  else expect([text, isOddOnPurpose(text, problem)]).toEqual([text, true]);
}

function expectSameValues(text: string, value: unknown, values: readonly JsonValue[]): void {
  const bytes = Buffer.from(text);
  const member = (object: unknown, name: string): unknown =>
    typeof object === 'object' && object !== null && !Array.isArray(object) && Object.hasOwn(object, name)
      ? (object as Record<string, unknown>)[name]
      : undefined;
  for (const [key, expected] of [
    ['root', value],
    ...['model', 'stream', 'params', 'result'].map((name) => [name, member(value, name)] as const),
    ['name', member(member(value, 'params'), 'name')],
  ] as const) {
    const found = values.filter((each) => each.key === key);
    expect(found.length).toBe(expected === undefined ? 0 : 1);
    for (const each of found) {
      expect(JSON.parse(bytes.toString('utf8', each.start, each.end))).toEqual(expected);
      if (each.kind === 'scalar' && each.value !== undefined) expect(each.value).toEqual(expected);
    }
  }
}

/** JSON as people and machines write it: spaces and escapes anywhere, names that decide, sometimes twice. */
const spaces = fc.constantFrom('', '', '', ' ', '\n\t', '\r\n  ');
const textOf = fc.oneof(
  fc.constantFrom(...decides, 'Model', 'streaM', 'x', ''),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const written = fc.tuple(textOf, fc.nat(9)).map(([text, how]) => {
  const plain = JSON.stringify(text);
  if (how > 1) return plain;
  const units = text.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
});
const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom('0', '-0', '1E5', '1e+2', '0.5e-7', '12345678901234567890', '1e400'),
);
const { value: jsonText } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(written, numbers, fc.constantFrom('true', 'false', 'null')),
    fc
      .array(fc.tuple(spaces, tie('value'), spaces), { maxLength: 4 })
      .map((items) => `[${items.map((each) => each.join('')).join(',')}]`),
    fc
      .array(fc.tuple(spaces, written, spaces, tie('value'), spaces), { maxLength: 5 })
      .map(
        (members) => `{${members.map(([a, name, b, value, c]) => `${a}${name}${b}:${value}${c}`).join(',')}}`,
      ),
  ),
}));

const mutation = fc.record({
  at: fc.nat(),
  drop: fc.nat(2),
  put: fc.constantFrom(
    '',
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    'e',
    '.',
    '-',
    'u',
    '\n',
    '\u0001',
    '"model":',
    'é',
  ),
});

describe('S46: against JSON.parse', () => {
  test('property: valid texts are accepted with the same values, or refused for what we add on purpose', () => {
    fc.assert(
      fc.property(jsonText, (text) => agrees(text, scanText(text))),
      { numRuns: 3_000 },
    );
  });

  test('property: what JSON.parse refuses is refused, also after random changes', () => {
    fc.assert(
      fc.property(jsonText, fc.array(mutation, { minLength: 1, maxLength: 3 }), (valid, mutations) => {
        const text = mutations.reduce((each, { at, drop, put }) => {
          const from = at % (each.length + 1);
          return Buffer.from(each.slice(0, from) + put + each.slice(from + drop)).toString();
        }, valid);
        agrees(text, scanText(text));
      }),
      { numRuns: 5_000 },
    );
  });

  test('property: chunks change nothing', () => {
    fc.assert(
      fc.property(jsonText, fc.array(fc.nat(), { maxLength: 8 }), (text, places) => {
        const bytes = Buffer.from(text);
        const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
        const chunks = [0, ...cuts].map((cut, index) => bytes.subarray(cut, cuts[index]));
        expect(scan(chunks)).toEqual(scan([bytes]));
      }),
      { numRuns: 3_000 },
    );
  });

  test('all splits of small texts in two, and byte by byte', () => {
    for (const text of [
      '{"model":"a\\u00e9\\n€","stream":true,"params":{"name":-1.5e+3}} ',
      '[null,false,{"é":"\\\\"},"😀"]',
      '{"mod\\u0065l":"x","Model":1}',
      '-12.50E-1',
    ]) {
      const bytes = Buffer.from(text);
      const whole = scan([bytes]);
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        expect(scan([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
      }
      expect(scan([...bytes].map((byte) => Buffer.of(byte)))).toEqual(whole);
    }
  });
});

describe('S46: no body costs more than linear work', () => {
  const size = 33 * 1024 * 1024;
  const fill = (head: string, unit: string, tail: string): Buffer =>
    Buffer.from(head + unit.repeat(Math.floor((size - head.length) / unit.length)) + tail);
  const names = (count: number): string =>
    Array.from({ length: count }, (_, index) => `"${index.toString(36)}":1`).join(',');
  const nested = `${'{"a":['.repeat(60)}${']}'.repeat(60)}`;
  const shapes: ReadonlyArray<readonly [string, () => Buffer]> = [
    ['empty objects', () => fill('{"model":"a","x":[', '{},', '{}]}')],
    ['numbers', () => fill('[', '1,', '1]')],
    ['one long string', () => fill('{"x":"', 'x', '"}')],
    ['escapes', () => fill('["', '\\u0041\\"', '"]')],
    [
      'many members',
      () => Buffer.from(`[${Array.from({ length: 30 }, () => `{${names(16_000)}}`).join(',')}]`),
    ],
    ['opening and closing', () => fill('[', `${nested},`, '1]')],
    ['brackets', () => Buffer.alloc(size, '[')],
    ['backslashes', () => Buffer.concat([Buffer.from('"'), Buffer.alloc(size, '\\')])],
    ['spaces', () => Buffer.alloc(size, ' ')],
  ];

  test.each(shapes)(
    'S46: 33 MB of %s in 64 KiB chunks: no chunk is more than 8 units of work a byte',
    (_name, make) => {
      const bytes = make();
      const scanner = new JsonScanner(wanted, () => true);
      let most = 0;
      for (let at = 0; at < bytes.length; at += 65_536) {
        const before = scanner.work;
        const problem = scanner.push(bytes.subarray(at, at + 65_536));
        most = Math.max(most, scanner.work - before);
        if (problem !== undefined) break;
      }
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThan(8 * 65_536);
    },
  );

  test('S46: four times the bytes take about four times the CPU time', () => {
    const cpu = (bytes: Buffer): number => {
      const scanner = new JsonScanner(wanted, () => true);
      const before = process.cpuUsage();
      for (let at = 0; at < bytes.length; at += 65_536) scanner.push(bytes.subarray(at, at + 65_536));
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    for (const [, make] of shapes.slice(0, 3)) {
      const bytes = make().subarray(0, 8 * 1024 * 1024);
      const quarter = bytes.subarray(0, bytes.length / 4);
      cpu(quarter);
      // The least of a few: the garbage collector's threads count, too.
      const least = (part: Buffer): number => Math.min(...[1, 2, 3].map(() => cpu(part)));
      expect(least(bytes)).toBeLessThan(10 * least(quarter) + 20_000);
    }
  });
});

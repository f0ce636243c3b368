/** The picker against JSON.parse: whatever the document and however it is split, what is picked is what parsing would give. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonPicker, maxItems } from '../../../egress/providers/json-picker.ts';
import { listOf, objectOf, type Shape } from '../../../egress/providers/json-shape.ts';

const root = objectOf({
  id: 'scalar',
  usage: objectOf({ input: 'scalar', details: objectOf({ cached: 'scalar' }) }),
  choices: listOf(objectOf({ finish: 'scalar' })),
  list: listOf('scalar'),
});

/** What the shape keeps of a parsed value; undefined: not of this shape. */
function prune(value: unknown, shape: Shape): unknown {
  const isContainer = typeof value === 'object' && value !== null;
  if (shape === 'scalar')
    return isContainer ? null : typeof value === 'string' ? value.slice(0, 1200) : value;
  if (shape.kind === 'list') {
    if (!Array.isArray(value)) return null;
    return value.slice(0, maxItems).map((item) => prune(item, shape.item));
  }
  if (!isContainer || Array.isArray(value)) return null;
  const kept: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const wanted = shape.members.get(name);
    if (wanted !== undefined) kept[name] = prune(member, wanted);
  }
  return kept;
}

function pick(text: string | Buffer, cuts: readonly number[] = []): { objects: unknown[]; end: string } {
  const objects: unknown[] = [];
  const picker = new JsonPicker(root, (object) => objects.push(object));
  const bytes = Buffer.from(text as string);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let index = 1; index < places.length; index += 1) {
    picker.push(bytes.subarray(places[index - 1], places[index]));
  }
  return { objects, end: picker.end() };
}

const name = fc.oneof(
  fc.constantFrom(
    'id',
    'usage',
    'choices',
    'list',
    'input',
    'details',
    'cached',
    'finish',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const leaf = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.stringMatching(/^[\\"{}[\],: ]{0,30}$/),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
  fc.boolean(),
  fc.constant(null),
);
const { value: anyValue } = fc.letrec<{ value: unknown; members: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('members')),
  members: fc
    .array(fc.tuple(name, tie('value')), { maxLength: 6 })
    .map((pairs) => Object.fromEntries(pairs) as unknown),
}));
const object = fc.array(fc.tuple(name, anyValue), { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs));
const cuts = fc.array(fc.nat(), { maxLength: 8 });
/** Every character may be written as an escape. */
const escaped = (text: string): string =>
  text.replace(/[a-z]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

test('property: what is picked is what JSON.parse would give, however the bytes are split', () => {
  fc.assert(
    fc.property(object, cuts, fc.boolean(), fc.constantFrom(0, 2), (document, at, inList, indent) => {
      const text = JSON.stringify(inList ? [document, document] : document, null, indent);
      const expected = prune(JSON.parse(JSON.stringify(document)), root);
      const { objects, end } = pick(text, at);
      expect(objects).toEqual(inList ? [expected, expected] : [expected]);
      expect(end).toBe('whole');
    }),
    { numRuns: 2_000 },
  );
});

test('property: names and texts may be spelled with escapes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), cuts, (text, at) => {
      const spelled = `{${escaped('"id"')}:"${escaped(JSON.stringify(text.replace(/[a-z\\"]/g, '')).slice(1, -1))}abc"}`;
      expect(pick(spelled, at).objects).toEqual([JSON.parse(spelled)]);
    }),
  );
});

test('property: foreign bytes are no reason to throw, nor to keep more than the shape', () => {
  const soup = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.stringMatching(/^[\\"{}[\],:0-9eE.\-a ]{0,200}$/),
  );
  fc.assert(
    fc.property(soup, cuts, (bytes, at) => {
      for (const picked of pick(Buffer.from(bytes as string), at).objects) {
        expect(JSON.stringify(picked).length).toBeLessThan(maxItems * 3 * 1_300);
      }
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['nothing', '', [], 'empty'],
  [
    'a cut object, with what it had',
    '{"id":"a","usage":{"input":5,"details":{"cach',
    [{ id: 'a', usage: { input: 5, details: {} } }],
    'cut',
  ],
  ['a cut list, with its whole members', '[{"id":"a"},{"i', [{ id: 'a' }, {}], 'cut'],
  ['a number that may go on is not taken', '{"usage":{"input":12', [{ usage: {} }], 'cut'],
  ['two documents', '{"id":1}\n{"id":2}', [{ id: 1 }, { id: 2 }], 'whole'],
  ['a byte order mark', '\ufeff{"id":1}', [{ id: 1 }], 'whole'],
  ['the last of a repeated name', '{"id":1,"id":2}', [{ id: 2 }], 'whole'],
  ['brackets that do not match', '{"id":1]', [], 'broken'],
  ['text that is no JSON', '<html>', [], 'cut'],
])('%s', (_title, text, objects, end) => {
  expect(pick(text)).toEqual({ objects, end });
});

test('S31: nesting and lists without end are passed in one go, and cost nothing to keep', () => {
  const picker = new JsonPicker(root, () => undefined);
  const cpu = process.cpuUsage();
  const before = process.memoryUsage().heapUsed;
  picker.push(Buffer.from('{"x":'));
  const deep = Buffer.alloc(1024 * 1024, '[');
  for (let count = 0; count < 32; count += 1) picker.push(deep);
  picker.push(Buffer.from('"'));
  const slashes = Buffer.alloc(1024 * 1024, '\\"');
  for (let count = 0; count < 32; count += 1) picker.push(slashes);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 1024 * 1024);
  // 64 MiB; a second pass over any of it would take minutes.
  expect(process.cpuUsage(cpu).user).toBeLessThan(10_000_000);
  expect(picker.end()).toBe('cut');
});

test('a number longer than any count is not taken for its beginning', () => {
  expect(pick(`{"id":1.${'0'.repeat(200)}5}`, [40]).objects).toEqual([{ id: undefined }]);
  expect(pick('{"id":012}').objects).toEqual([{ id: undefined }]);
  expect(pick('{"id":123456}', [8]).objects).toEqual([{ id: 123456 }]);
});

test('S30: of a wanted list and a wanted text no more is kept than the caps say', () => {
  const items = Array.from({ length: 1_000 }, () => '{"finish":"stop"}').join();
  const [listed] = pick(`{"choices":[${items}]}`).objects as [{ choices: unknown[] }];
  expect(listed.choices).toHaveLength(maxItems);
  const [long] = pick(`{"id":"${'x'.repeat(1_000_000)}"}`, [500_000]).objects as [{ id: string }];
  expect(long.id).toBe('x'.repeat(1_200));
});

/** Reading the field lines of one head after the other must give what reading each alone gives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FieldLines } from '../../../egress/http1/field-lines.ts';

function read(lines: FieldLines, text: string): unknown {
  try {
    return lines.read(text, 0);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

const line = fc.oneof(
  fc.constantFrom(
    'a: 1',
    'a: 12',
    'a: 1 ',
    'a:1',
    'A: 1',
    'b: x',
    'date: now',
    'a: 1\r',
    'a: \n',
    ' a: 1',
    'a : 1',
    '',
  ),
  fc.string({ maxLength: 12, unit: fc.constantFrom('a', ':', ' ', '\r', '\n', '\t', '\x80', '\0', '1') }),
  fc.constantFrom(`long: ${'x'.repeat(600)}`, `long: ${'x'.repeat(600)}y`),
);
const head = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\r\n'));

describe('field lines of one connection', () => {
  it('mean the same whatever heads came before', () => {
    fc.assert(
      fc.property(fc.array(head, { maxLength: 6 }), (heads) => {
        const remembering = new FieldLines(5);
        for (const text of heads) expect(read(remembering, text)).toEqual(read(new FieldLines(5), text));
      }),
    );
  });

  it('are those of this head where one begins like a line of the head before', () => {
    const lines = new FieldLines(5);
    expect(lines.read('x-a: 1\r\nx-b: 2', 0)).toHaveLength(2);
    expect(lines.read('x-a: 12\r\nx-b: 2', 0)).toEqual([
      { name: 'x-a', raw: 'x-a', value: '12' },
      { name: 'x-b', raw: 'x-b', value: '2' },
    ]);
  });

  it('are one object where they repeat, and none is kept of a long line', () => {
    const lines = new FieldLines(5);
    const long = `y: ${'v'.repeat(600)}`;
    const [first, second] = lines.read(`x: 1\r\n${long}`, 0);
    const [again, other] = lines.read(`x: 1\r\n${long}`, 0);
    expect(again).toBe(first);
    expect(other).not.toBe(second);
    expect(other).toEqual(second);
  });
});

import { describe, expect, test } from 'vitest';
import { renderTable } from '../../../cli/render/table.ts';

describe('renderTable', () => {
  test('aligns columns, leaves the last unpadded, and names what is empty', () => {
    const text = renderTable({
      headers: ['NAME', 'READY', 'AGE'],
      rows: [
        ['hello', 'True', '5s'],
        ['a-longer-name', '', '10m'],
      ],
    });
    expect(text.split('\n')).toEqual([
      'NAME            READY    AGE',
      'hello           True     5s',
      'a-longer-name   <none>   10m',
    ]);
  });

  test('headers alone, and rows alone', () => {
    expect(renderTable({ headers: ['A', 'B'], rows: [] })).toBe('A   B');
    expect(renderTable({ headers: ['A', 'B'], rows: [['1', '2']] }, { headers: false })).toBe('1   2');
  });

  test('S50: an escape sequence in a cell does not reach the terminal', () => {
    const text = renderTable({ headers: ['NAME'], rows: [['\u001b[2J\u001b]0;owned\u0007x\ny']] });
    expect(text).toBe('NAME\n?[2J?]0;owned?x?y');
  });
});

/** S50: whatever an agent writes, a terminal is only ever given characters it can show. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { terminalJson, terminalLine, terminalText, TerminalStream } from '../../contract/index.ts';

const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const unit = fc.oneof(
  fc.constantFrom('\u001b', '\u009b', '\u0007', '\u202e', '\u2066', '\u200b', '\u200d', '\ufeff', '\u00ad'),
  fc.constantFrom(
    '\u0600',
    '\r',
    '\r\n',
    '\n',
    '\t',
    'a',
    '€',
    '😀',
    '\u{e0041}',
    '\ud800',
    '\u3164',
    '\u2028',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const text = fc.array(unit, { maxLength: 40 }).map((parts) => parts.join(''));

describe('S50: on a terminal', () => {
  test.each<[string, string, string]>([
    ['an escape sequence', '\u001b[2Jx', '?[2Jx'],
    ['its eight-bit form', '\u009b31m', '?31m'],
    ['text turned round', 'allow\u202edeny', 'allow?deny'],
    ['a zero-width space', 'a\u200bb', 'a?b'],
    ['a tag character', 'a\u{e0041}b', 'a?b'],
    ['a filler that is drawn as nothing', 'a\u3164b', 'a?b'],
    ['an emoji with its selector', '❤\ufe0f', '❤\ufe0f'],
    ['letters of any script', 'Grüße 你好 שלום', 'Grüße 你好 שלום'],
  ])('%s', (_name, given, shown) => {
    expect(terminalLine(given)).toBe(shown);
    expect(terminalText(given)).toBe(shown);
  });

  test('a carriage return writes over nothing', () => {
    expect(terminalText('allowed\rdenied\r\nnext')).toBe('allowed?denied\nnext');
  });

  test('no line holds what cannot be seen', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(invisible.test(terminalLine(given))).toBe(false);
        expect(invisible.test(terminalText(given).replaceAll(/[\n\t]/g, ''))).toBe(false);
      }),
    );
  });

  test('JSON says the same value', () => {
    fc.assert(
      fc.property(text, (given) => {
        const shown = terminalJson(JSON.stringify({ [given]: given }, null, 1));
        expect(invisible.test(shown.replaceAll('\n', ''))).toBe(false);
        expect(JSON.parse(shown)).toEqual({ [given]: given });
      }),
    );
  });

  test('a stream shows the same however it is cut', () => {
    const whole = Buffer.from('a\r\n€\r😀\r\n', 'utf8');
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const stream = new TerminalStream();
      const shown = stream.push(whole.subarray(0, cut)) + stream.push(whole.subarray(cut)) + stream.end();
      expect(shown).toBe('a\n€?😀\n');
    }
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 8 }), (given, cuts) => {
        const bytes = Buffer.from(given, 'utf8');
        const places = [
          0,
          ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b),
          bytes.length,
        ];
        const stream = new TerminalStream();
        const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at], end));
        const shown = chunks.map((chunk) => stream.push(chunk)).join('') + stream.end();
        expect(shown).toBe(terminalText(bytes.toString('utf8')));
      }),
    );
  });
});

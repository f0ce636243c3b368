/** Texts that must not be said: found wherever they stand, however many a tenant plants. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HiddenTexts } from '../../../cli/support/hidden-texts.ts';
import { Redaction } from '../../../cli/support/redaction.ts';

const hole = (found: string): string => `<${found.length}>`;

function hiding(...texts: readonly string[]): HiddenTexts {
  const hidden = new HiddenTexts();
  for (const each of texts) hidden.add(each);
  return hidden;
}

describe('S14: what must not be said', () => {
  test.each<[string, string[], string, string]>([
    ['itself', ['password1'], 'of password1.', 'of <9>.'],
    ['inside a word', ['password1'], 'xpassword1x', 'x<9>x'],
    ['each of its words', ['a password1 b'], 'of password1', 'of <9>'],
    ['whole, before a part of it', ['password', 'password and more'], 'password and more', '<17>'],
    ['no word that stands everywhere', ['seven77'], 'seven77', 'seven77'],
    ['a long one in one piece', ['k'.repeat(1_000)], `x ${'k'.repeat(1_000)} x`, 'x <1000> x'],
    ['the end of a long one', [`${'k'.repeat(64)}1234567`], `${'k'.repeat(64)}1234567`, '<71>'],
  ])('%s', (_title, texts, text, said) => {
    expect(hiding(...texts).replace(text, hole)).toBe(said);
  });

  test('any text, quoted anywhere', () => {
    const text = fc.string({ minLength: 8, maxLength: 300 });
    const property = fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), fc.nat(), (texts, nth) => {
      const one = texts[nth % texts.length] ?? '';
      const said = hiding(...texts).replace(`\u0001${one}\u0001`, () => '');
      expect(said.length).toBeLessThan(one.length + 2 - Math.min(8, one.length) + 1);
    });
    fc.assert(property);
  });

  test('of a hundred thousand words a bundle is still made, in time that their number is not in', () => {
    const redaction = new Redaction();
    const words = Array.from({ length: 100_000 }, (_, index) => `planted-${index}`);
    redaction.learn({ spec: { description: words.join(' ') } });
    expect(redaction.text('quotes planted-99999 and planted-7')).not.toMatch(/planted-(99999|7)\b/);
  });
});

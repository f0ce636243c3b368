import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  matchesHostname,
  parseHostname,
  parseHostnamePattern,
  type Hostname,
  type HostnamePattern,
} from '../../contract/hostname.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const tld = fc.stringMatching(/^[a-z]{2,8}$/);
const hostname = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 5 }), tld)
  .map(([labels, last]) => [...labels, last].join('.'));

describe('parseHostname', () => {
  test.each([
    ['api.openai.com', 'api.openai.com'],
    ['API.OpenAI.Com', 'api.openai.com'],
    ['api.openai.com.', 'api.openai.com'],
    ['xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
    ['_dmarc.example.com', '_dmarc.example.com'],
    ['localhost', 'localhost'],
    [`${'a'.repeat(63)}.example.com`, `${'a'.repeat(63)}.example.com`],
  ])('%s is %s', (text, expected) => {
    expect(parseHostname(text)).toBe(expected);
  });

  test.each([
    ['empty', ''],
    ['the root', '.'],
    ['two trailing dots', 'example.com..'],
    ['an empty label', 'a..example.com'],
    ['a leading dot', '.example.com'],
    ['a label of 64', `${'a'.repeat(64)}.example.com`],
    ['254 characters', `${'a.'.repeat(126)}bc`],
    ['a leading hyphen', '-a.example.com'],
    ['a trailing hyphen', 'a-.example.com'],
    ['a space', 'a b.example.com'],
    ['a slash', 'example.com/x'],
    ['a port', 'example.com:443'],
    ['a wildcard', '*.example.com'],
    ['brackets', '[::1]'],
    ['non-ASCII', 'münchen.de'],
    ['a soft hyphen', 'exam\u00adple.com'],
    ['a full-width dot', 'example\u3002com'],
  ])('%s is refused', (_, text) => {
    expect(parseHostname(text)).toBeUndefined();
  });

  test.each([
    ['NUL byte', 'evil.com\0.google.com'],
    ['CRLF', 'example.com\r\nX: y'],
    ['percent escape', 'example.com%00.evil.com'],
    ['user info', 'api.openai.com@evil.com'],
    ['backslash', 'api.openai.com\\evil.com'],
    ['Kelvin sign that lower-cases to k', 'api.open\u212Aai.com'],
    ['dotless i', 'ap\u0131.openai.com'],
  ])('S20: a name with a %s is refused, not repaired', (_, text) => {
    expect(parseHostname(text)).toBeUndefined();
  });

  test.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '1.2.3.4.',
    'a.0x7f',
    'example.123',
    '::1',
  ])('S4: %s, an address in some spelling, is not a name', (text) => {
    expect(parseHostname(text)).toBeUndefined();
  });

  test('S20: what parses is lower case, stable, and made of the same labels', () => {
    fc.assert(
      fc.property(hostname, (name) => {
        const parsed = parseHostname(name.toUpperCase());
        expect(parsed).toBe(name);
        expect(parseHostname(`${name}.`)).toBe(name);
        expect(parseHostname(parsed ?? '')).toBe(parsed);
      }),
    );
  });

  test('S20: any text at all either is refused or is a canonical name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const parsed = parseHostname(text);
        if (parsed !== undefined) expect(parsed).toMatch(/^[a-z0-9_.-]{1,253}$/);
      }),
    );
  });
});

describe('parseHostnamePattern', () => {
  test.each([
    ['*.example.com', '*.example.com'],
    ['*.EXAMPLE.com.', '*.example.com'],
    ['example.com', 'example.com'],
  ])('%s is %s', (text, expected) => {
    expect(parseHostnamePattern(text)).toBe(expected);
  });

  test.each([
    '*',
    '*.com',
    '**.example.com',
    'a.*.example.com',
    '*example.com',
    '*.*.example.com',
    '*.',
    '*.1.2.3.4',
  ])('S21: %s is refused', (text) => {
    expect(parseHostnamePattern(text)).toBeUndefined();
  });
});

describe('matchesHostname', () => {
  test.each([
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'a.b.example.com', false],
    ['*.example.com', 'evilexample.com', false],
    ['*.example.com', 'example.com.evil.com', false],
    ['*.example.com', 'a.example.com.evil.com', false],
    ['example.com', 'example.com', true],
    ['example.com', 'a.example.com', false],
    ['example.com', 'evilexample.com', false],
  ])('S21: %s on %s: %s', (pattern, name, expected) => {
    const parsed = { pattern: parseHostnamePattern(pattern), name: parseHostname(name) };
    expect(matchesHostname(parsed.pattern as HostnamePattern, parsed.name as Hostname)).toBe(expected);
  });

  test('S21: a wildcard matches exactly the names with one more label', () => {
    fc.assert(
      fc.property(hostname, fc.array(label, { maxLength: 3 }), (base, front) => {
        const name = [...front, base].join('.') as Hostname;
        expect(matchesHostname(`*.${base}` as HostnamePattern, name)).toBe(front.length === 1);
      }),
    );
  });
});

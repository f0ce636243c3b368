import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyScrubber, createSecretSet } from '../../../egress/scrub/index.ts';
import { bearer, scrub, spellings } from './echo.ts';

// Characters that JSON, URLs, HTML and Base64 write differently.
const secret = 'sk-Ab/cd+ef==/gh<>&"\'12345678';

const table = Object.entries(spellings);

test.each(table)('S37: a secret %s is gone', (_name, { write, read }) => {
  const spelt = write(secret);
  const out = scrub(bearer(secret), `{"error":"bad key ${spelt} !"}`);
  expect(read(out)).not.toContain(secret);
  expect(out).not.toContain(spelt);
  // Stars of the same length; Base64 may keep what is no whole character of the secret's.
  expect(out).toMatch(/^\{"error":"bad key .{0,4}\*{29,}.{0,6} !"\}$/s);
  expect(out).toHaveLength(`{"error":"bad key ${spelt} !"}`.length);
});

test.each(table)('S37, S41: a secret %s is gone wherever chunks end', (_name, { write, read }) => {
  const body = `x=${write(secret)};`;
  const whole = scrub(bearer(secret), body);
  const set = bearer(secret);
  for (let cut = 0; cut <= body.length; cut += 1) expect(scrub(set, body, [cut])).toBe(whole);
  expect(
    scrub(
      set,
      body,
      Array.from(body).map((_, at) => at),
    ),
  ).toBe(whole);
  expect(read(whole)).not.toContain(secret);
});

const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const secretOf = fc.string({ unit: printable, minLength: 12, maxLength: 60 });
const keyOf = fc.string({
  unit: fc.constantFrom(
    ...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+/='),
  ),
  minLength: 8,
  maxLength: 60,
});
/** Text that does not change how what comes after it is read. */
const around = fc.string({ unit: fc.constantFrom(...Array.from('abc019 {}[]":,.<>=\n\r')), maxLength: 40 });
const cutsOf = fc.array(fc.nat(), { maxLength: 12 });

test('S37: property: no secret, in no spelling, around no text, cut nowhere, is left for a reader of that spelling', () => {
  fc.assert(
    fc.property(
      fc.oneof(keyOf, secretOf),
      fc.constantFrom(...table),
      fc.tuple(around, around, cutsOf),
      (key, [, { write, read }], [before, after, cuts]) => {
        const body = `${before} ${write(key)} ${after}`;
        const out = scrub(bearer(key), body, cuts);
        expect(out).toHaveLength(body.length);
        expect(read(out)).not.toContain(key);
      },
    ),
    { numRuns: 1000 },
  );
});

test('S37: property: as it is, a secret is found in any bytes whatever', () => {
  const anyBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  const hostile = fc.string({ unit: fc.constantFrom(...Array.from('\\%&#x;u0a1')), maxLength: 20 });
  fc.assert(
    fc.property(
      secretOf,
      fc.oneof(anyBytes, hostile),
      fc.oneof(anyBytes, hostile),
      cutsOf,
      (key, before, after, cuts) => {
        const out = scrub(bearer(key), before + key + after, cuts);
        expect(out).not.toContain(key);
        expect(out).toHaveLength(before.length + key.length + after.length);
      },
    ),
    { numRuns: 500 },
  );
});

test('S37: property: each character in a spelling of its own', () => {
  const ways: ReadonlyArray<(char: string) => string> = [
    (char) => char,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    (char) => `&#${char.charCodeAt(0)};`,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  ];
  fc.assert(
    fc.property(
      keyOf,
      fc.array(fc.nat(ways.length - 1), { minLength: 60, maxLength: 60 }),
      cutsOf,
      (key, choice, cuts) => {
        const spelt = Array.from(key)
          .map((char, at) => ways[choice[at] ?? 0]?.(char) ?? '')
          .join('');
        expect(scrub(bearer(key), `"${spelt}"`, cuts)).toBe(`"${'*'.repeat(spelt.length)}"`);
      },
    ),
  );
});

test('property: what does not hold half of a secret passes byte for byte', () => {
  // `Q` and `~` are in no body: any ten characters in a row of the secret have one.
  const odd = 'Qk~yQ5~tQm~pQ3~wQv~z';
  const set = createSecretSet([`Bearer ${odd}`]);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.webUrl({ withQueryParameters: true }),
        fc.string({ unit: 'binary' }),
        fc.base64String(),
      ),
      cutsOf,
      (text, cuts) => {
        const body = Buffer.from(text.replaceAll(/[Qq~]/g, 'x')).toString('latin1');
        expect(scrub(set, body, cuts)).toBe(body);
      },
    ),
    { numRuns: 400 },
  );
});

test('text without a secret passes at once and unchanged, the same buffer', () => {
  const scrubber = new BodyScrubber(bearer(secret));
  const chunk = Buffer.from('data: {"delta":"hello\\n \\"world\\" &amp; 100%"}\n\n');
  expect(scrubber.push(chunk)).toBe(chunk);
  expect(scrubber.found).toBe(false);
  expect(scrubber.flush()).toHaveLength(0);
});

test('the chunk that came in is not written to', () => {
  const chunk = Buffer.from(`key ${secret}`);
  new BodyScrubber(bearer(secret)).push(chunk);
  expect(chunk.toString()).toBe(`key ${secret}`);
});

test('S37: both alphabets of Base64 are read', () => {
  const key = '???>>>~~~???>>>~~~';
  for (const alphabet of ['base64', 'base64url'] as const) {
    const spelt = Buffer.from(key).toString(alphabet);
    expect(spelt).toMatch(alphabet === 'base64' ? /[+].*[/]/ : /-.*_|_.*-/);
    expect(scrub(bearer(key), spelt)).toBe('*'.repeat(spelt.length));
  }
});

test('S37: a form writes a space as +, or as %20', () => {
  const phrase = "it's (a) secret 12";
  for (const spelt of [new URLSearchParams({ k: phrase }).toString(), encodeURI(`k=${phrase}`)]) {
    expect(scrub(createSecretSet([phrase]), spelt)).toBe(`k=${'*'.repeat(spelt.length - 2)}`);
  }
});

test.each(['toUpperCase', 'toLowerCase'] as const)(
  'S37: a secret of 16 characters is found after %s()',
  (way) => {
    expect(scrub(bearer('sk-Real-4f9D0c71'), `k ${'sk-Real-4f9D0c71'[way]()}.`)).toBe(`k ${'*'.repeat(16)}.`);
  },
);

test('a shorter secret is found as it is written, and no word in another case is taken for it', () => {
  expect(scrub(bearer('Passw0rd'), 'passw0rd Passw0rd PASSW0RD')).toBe('passw0rd ******** PASSW0RD');
});

test.each([
  ['two events', `data: {"d":"${secret.slice(0, 14)}"}\n\ndata: {"d":"`, `${secret.slice(14)}"}\n\n`],
  ['two strings of one JSON', `["${secret.slice(0, 14)}","`, `${secret.slice(14)}"]`],
])('S37: of a secret cut in two by %s, neither half passes', (_name, first, second) => {
  const out = scrub(bearer(secret), first + second);
  expect(out).toContain('*'.repeat(14));
  expect(out).not.toContain(secret.slice(1, 4));
  expect(out).not.toContain(secret.slice(-5, -2));
});

test('S37: of a secret cut in two anywhere, at most half of its characters pass', () => {
  const key = 'sk-real-4f9d0c71b2aaQx93';
  for (let cut = 1; cut < key.length; cut += 1) {
    const out = scrub(bearer(key), `"${key.slice(0, cut)}", "${key.slice(cut)}"`);
    expect(out.split('*').length - 1).toBeGreaterThanOrEqual(Math.floor(key.length / 2));
  }
});

const event = (delta: string): string => `data: ${JSON.stringify({ id: 'chatcmpl-1', delta })}\n\n`;

test('S37: property: of a secret that comes in strings of three characters and more, at most half passes', () => {
  const key = 'sk-real-4f9d0c71b2aaQx93';
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 3, max: 12 }), { minLength: 8, maxLength: 8 }),
      cutsOf,
      (sizes, cuts) => {
        let at = 0;
        const parts = sizes.map((size) => key.slice(at, (at += size))).filter((part) => part !== '');
        const body = parts.map(event).join(event('other'));
        const out = scrub(bearer(key), body, cuts);
        expect(out).toHaveLength(body.length);
        expect(out.split('*').length - 1).toBeGreaterThanOrEqual(key.length / 2);
        expect(out.replaceAll('*', '')).toContain('chatcmpl-1');
      },
    ),
  );
});

test('S37: a piece that is the end of a longer string and one that is the start of another are pieces', () => {
  const out = scrub(bearer('sk-real-4f9d0c71b2aa'), '["key: sk-real","-4f9d0","c71b2aa is it"]');
  expect(out).toBe('["key: sk-real","******","******* is it"]');
});

test('what only begins like a secret goes on as it is, and the wait for more of it ends', () => {
  const begun = new BodyScrubber(bearer('sk-real-4f9d0c71b2aa'));
  const text = '"sk-real" "-other" "-4" "sk-"';
  expect(begun.push(Buffer.from(text)).toString()).toBe(text);
  expect(begun.push(Buffer.alloc(5000, 'x')).toString()).toBe('x'.repeat(5000));
  const late = '"real-4f9d0c7" "1b2aa"';
  expect(begun.push(Buffer.from(late)).toString()).toBe(late);
});

test('S55: a body that ends within a secret does not give away what came of it', () => {
  const scrubber = new BodyScrubber(bearer(secret));
  const passed = scrubber.push(Buffer.from(`key ${secret.slice(0, -1)}`)).toString();
  expect(passed).toBe('key ');
  expect(scrubber.flush().toString()).toBe('*'.repeat(secret.length - 1));
});

test('S37: what is held back is little, whatever comes', () => {
  const set = bearer('sk-aaaaaaaaaaaaaaaaaaaa');
  const most = (body: string): number => {
    const scrubber = new BodyScrubber(set);
    let [sent, came, held] = [0, 0, 0];
    for (const byte of Buffer.from(body, 'latin1')) {
      came += 1;
      sent += scrubber.push(Buffer.from([byte])).length;
      held = Math.max(held, came - sent);
    }
    return held;
  };
  const long = 3000;
  const base64 = Buffer.from('sk-aaaaaaaa').toString('base64').slice(0, 8);
  for (const body of [
    `${base64}${'\n'.repeat(long)}`,
    `s${'\0'.repeat(long)}`,
    `&#x${'0'.repeat(long)}`,
    `&${'a'.repeat(long)}`,
    '\\'.repeat(long),
    'sk-aaaaaaaa'.repeat(long / 10),
  ]) {
    expect(most(body)).toBeLessThan(200);
  }
});

/** CPU microseconds of scrubbing; the least of five runs. */
function cost(body: Buffer, key: string, chunk: number): number {
  const set = bearer(key);
  const runs = Array.from({ length: 5 }, () => {
    const from = process.cpuUsage();
    const scrubber = new BodyScrubber(set);
    for (let at = 0; at < body.length; at += chunk) scrubber.push(body.subarray(at, at + chunk));
    scrubber.flush();
    const { user, system } = process.cpuUsage(from);
    return user + system;
  });
  return Math.min(...runs);
}

test.each([
  ['a secret of one letter, almost found again and again', `${'a'.repeat(400)}b`, `${'a'.repeat(399)}c`],
  ['the beginning of a secret', 'sk-real-4f9d0c71b2aa', 'sk-real-4f9d0c71b2a'],
  ['ampersands', 'sk-real-4f9d0c71b2aa', '&'],
  ['backslashes', 'sk-real-4f9d0c71b2aa', '\\'],
  ['entities without an end', 'sk-real-4f9d0c71b2aa', '&#x000000000'],
  ['escapes in escapes', 'sk-real-4f9d0c71b2aa', '%2525252525\\\\\\\\&amp;amp;'],
  ['the secret itself', 'sk-real-4f9d0c71b2aa', 'sk-real-4f9d0c71b2aa'],
])('the cost of %s grows with the length and no faster', (_name, key, unit) => {
  const body = (bytes: number): Buffer => Buffer.alloc(bytes, unit);
  const short = 50_000;
  cost(body(short), key, 1000);
  expect(cost(body(4 * short), key, 1000) / cost(body(short), key, 1000)).toBeLessThan(8);
  // Not even where the secret is long and much of it is held back.
  expect(cost(body(short), key, 7) / cost(body(short), key, 1000)).toBeLessThan(12);
});

/** Secrets that look escaped themselves: what a reader takes off the echo is not what was put on it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readForms } from '../../../egress/scrub/read-forms.ts';
import { minSecretLength } from '../../../egress/scrub/secret-value.ts';
import { bearer, scrub, spellings } from './echo.ts';

/** Written once: of what is written twice, the layers of such a secret's own and those of the writers mix. */
const table = Object.entries(spellings).filter(([name]) => !/^in (?:JSON|HTML|a URL) in /.test(name));
/** What begins, ends and fills escapes of every kind. */
const pieces = [
  ...['\\', '\\"', '\\u', '\\u00', '\\x4', '\\\\', '\\n', '\\/'],
  ...['%', '%F', '%2', '%25', '%2F', '%%'],
  ...['&', '&#', '&#x', '&#6', '&amp', '&amp;', '&lt;', ';', '#'],
  ...['"', '/', 'K', 'a', '0', 'F', 'u', 'x', '5', '_q7'],
];
const secretOf = fc
  .array(fc.constantFrom(...pieces), { minLength: 8, maxLength: 24 })
  .map((parts) => parts.join(''))
  // Where a reader leaves less than what a secret has at least, there is nothing to look for.
  .filter((text) => readForms(Buffer.from(text)).every(({ length }) => length >= minSecretLength))
  // An escape for a character beyond ASCII is not looked through: docs/security.md says so.
  .filter((text) => readForms(Buffer.from(text)).every((form) => form.every((code) => code < 0x80)));
const around = fc.string({ unit: fc.constantFrom(...Array.from('0aF;"}:, ')), maxLength: 6 });

test('S37: property: a secret that looks escaped is gone in every spelling', () => {
  fc.assert(
    fc.property(
      secretOf,
      fc.constantFrom(...table),
      fc.tuple(around, around, fc.array(fc.nat(), { maxLength: 4 })),
      (secret, [, { write, read }], [before, after, cuts]) => {
        // Nor one that the secret begins and what follows ends.
        fc.pre(after === '' || !/(?:&[#\w]*|%[\da-f]?|\\[ux]?[\da-f]{0,3})$/i.test(secret));
        const body = `${before}${write(secret)}${after}`;
        // A reader that takes more off than was put on reads something else to begin with.
        fc.pre(read(body).includes(secret));
        const out = scrub(bearer(secret), body, cuts);
        expect(out).toHaveLength(body.length);
        expect(read(out)).not.toContain(secret);
      },
    ),
    { numRuns: Number(process.env['SCRUB_RUNS'] ?? 800) },
  );
});

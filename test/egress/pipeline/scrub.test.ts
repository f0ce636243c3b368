import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import type { Injection } from '../../../decision/index.ts';
import { BodyScrubber, SecretForms } from '../../../egress/pipeline/scrub.ts';

const secret = 'sk-AbC+/9"x81';
const injection: Injection = {
  kind: 'inject',
  fields: [createField('Authorization', `Bearer ${secret}`)],
  query: [],
  policies: ['d/p'],
  names: new Set(['authorization']),
};
const secrets = new SecretForms().of(injection);
const forms = secrets.texts;

test('S37: property: no split of the body lets any form through, and length is kept', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...forms),
      fc.string({ maxLength: 40 }),
      fc.string({ maxLength: 40 }),
      fc.array(fc.nat(), { maxLength: 10 }),
      (form, before, after, cuts) => {
        const whole = Buffer.from(`${before}${form}${after}${form}`);
        const points = [0, ...cuts.map((cut) => cut % whole.length).sort((a, b) => a - b), whole.length];
        const scrubber = new BodyScrubber(secrets);
        const parts = points
          .slice(1)
          .map((end, index) => scrubber.push(whole.subarray(points[index] ?? 0, end)));
        const out = Buffer.concat([...parts, scrubber.flush()]);
        expect(out.length).toBe(whole.length);
        expect(out.includes(form)).toBe(false);
      },
    ),
  );
});

test('text without a secret passes at once and unchanged, the same buffer', () => {
  const scrubber = new BodyScrubber(secrets);
  const chunk = Buffer.from('data: {"delta":"hello"}\n\n');
  expect(scrubber.push(chunk)).toBe(chunk);
  expect(scrubber.found).toBe(false);
});

test.each([
  ['as it is', secret],
  ['in a URL', encodeURIComponent(secret)],
  ['in JSON', JSON.stringify(secret).slice(1, -1)],
  ['in hexadecimal', Buffer.from(secret).toString('hex')],
  ['in capital hexadecimal', Buffer.from(secret).toString('hex').toUpperCase()],
])('S37: the secret %s is gone', (_form, echoed) => {
  const scrubber = new BodyScrubber(secrets);
  const out = Buffer.concat([scrubber.push(Buffer.from(`key=${echoed};`)), scrubber.flush()]).toString(
    'latin1',
  );
  expect(out).toBe(`key=${'*'.repeat(echoed.length)};`);
});

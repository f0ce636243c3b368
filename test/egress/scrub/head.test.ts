import { expect, test } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import { createSecretSet, noSecrets, scrubFields, scrubText } from '../../../egress/scrub/index.ts';

const secret = 'sk-real-4f9d0c71b2aa';
const set = createSecretSet([`Bearer ${secret}`]);
const stars = '*'.repeat(secret.length);

test('S37: a value loses its secret, a name takes its field with it, and the record sees stars', () => {
  const fields = [
    createField('X-Echo', `Bearer ${secret}`),
    createField(`X-${secret}`, 'one'),
    createField(`x-${secret.toUpperCase()}-y`, 'two'),
    createField('Location', `/x?key=${encodeURIComponent(secret).replaceAll('-', '%2D')}`),
    createField('Content-Type', 'application/json'),
  ];
  const { sent, recorded } = scrubFields(fields, set);
  expect(sent.map(({ raw, value }) => `${raw}: ${value}`)).toEqual([
    `X-Echo: Bearer ${stars}`,
    `Location: /x?key=${'*'.repeat(secret.length + 4)}`,
    'Content-Type: application/json',
  ]);
  expect(recorded).toHaveLength(5);
  expect(JSON.stringify(recorded).toLowerCase()).not.toContain(secret);
  expect(recorded[1]?.name).toMatch(/^(?:x-)?\*{20,}$/);
  // What holds nothing is the same field.
  expect(sent[2]).toBe(fields[4]);
});

test('S37: a short secret in a name is found in either case, as names have none', () => {
  const short = createSecretSet(['Token AbCdEf12']);
  expect(scrubFields([createField('X-ABCDEF12', '1')], short).sent).toEqual([]);
});

test('S37: a reason phrase is text like any other', () => {
  expect(scrubText(`bad key ${secret}`, set)).toBe(`bad key ${stars}`);
  const plain = 'Not Found & 100% \\n';
  expect(scrubText(plain, set)).toBe(plain);
});

test('S37: half of a secret in each of two fields passes in neither', () => {
  const { sent } = scrubFields(
    [createField('A', secret.slice(0, 10)), createField('B', secret.slice(10))],
    set,
  );
  expect(sent.map(({ value }) => value)).toEqual(['*'.repeat(10), '*'.repeat(10)]);
});

test('without a secret the list is the same', () => {
  const fields = [createField('A', secret)];
  expect(scrubFields(fields, noSecrets).sent).toBe(fields);
});

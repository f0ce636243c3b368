/** What a record shows of a head: names from a fixed set, all else in one bounded list, secrets never. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import { AttributeList } from '../../../egress/record/attribute-list.ts';
import { knownHeaders } from '../../../egress/record/known-headers.ts';
import { putHeaders, redacted, redactTarget } from '../../../egress/record/redact.ts';

function shown(fields: ReadonlyArray<readonly [string, string]>, injected: readonly string[] = []) {
  const list = new AttributeList();
  const all = fields.map(([name, value]) => createField(name, value));
  putHeaders(list, 'request', all, new Set(injected));
  return Object.fromEntries(list.names.map((name, index) => [name, list.values[index]]));
}

test('known names are attributes, others members of one list', () => {
  const fields = [
    ['Host', 'api.openai.com'],
    ['X-Mine', 'first'],
    ['Accept', 'a'],
    ['accept', 'b'],
    ['x-other', 'second'],
  ] as const;
  expect(shown(fields)).toEqual({
    'http.request.header.host': 'api.openai.com',
    'http.request.header.accept': 'b',
    'clrk.req.headers': ['x-mine: first', 'x-other: second'],
  });
});

test('S38: credentials of either side are not shown, known names or not, nor what was injected', () => {
  const secret = 'sk-very-secret';
  const names = ['authorization', 'cookie', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-amz-security-token'];
  const others = ['x-my-token', 'x-client-secret', 'x-signature-v4', 'apikey', 'x-custom-key'];
  const fields = [...names, ...others].map((name) => [name, secret] as const);
  const text = JSON.stringify(shown(fields, ['x-custom-key']));
  expect(text).not.toContain(secret);
  for (const name of names) expect(text).toContain(`"http.request.header.${name}":"${redacted}"`);
  for (const name of others) expect(text).toContain(`${name}: ${redacted}`);
});

test('counts that providers tell are no secrets', () => {
  expect(shown([['x-ratelimit-remaining-tokens', '39999']])).toEqual({
    'http.request.header.x-ratelimit-remaining-tokens': '39999',
  });
});

test('property S50: whatever an agent sends, names of attributes are from the fixed set and the whole is bounded', () => {
  const allowed = new Set([...knownHeaders.values()].map(({ request }) => request));
  for (const name of ['clrk.req.headers', 'clrk.req.headers.truncated']) allowed.add(name);
  const name = fc.oneof(
    fc.constantFrom(...knownHeaders.keys()),
    fc.stringMatching(/^[a-z][a-z0-9_-]{0,60}$/),
  );
  const value = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(300, 2_000, 60_000).map((size) => 'v'.repeat(size)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 200, size: 'max' }), (fields) => {
      const head = shown(fields);
      for (const each of Object.keys(head)) expect(allowed.has(each)).toBe(true);
      expect(JSON.stringify(Object.values(head)).length).toBeLessThan(8 * 1024 + 4_096);
      const known = fields.filter(([each]) => knownHeaders.has(each)).length;
      const isWhole = head['clrk.req.headers.truncated'] === undefined;
      if (isWhole && fields.length > 0) expect(Object.keys(head).length).toBeGreaterThan(known > 0 ? 0 : -1);
      if (fields.length > 64) expect(isWhole).toBe(false);
    }),
  );
});

test('S50: a head of long known fields is cut as a whole, and said to be', () => {
  const fields = [...knownHeaders.keys()].slice(0, 60).map((name) => [name, 'v'.repeat(1_000)] as const);
  const head = shown(fields);
  expect(JSON.stringify(Object.values(head)).length).toBeLessThan(9_000);
  expect(head['clrk.req.headers.truncated']).toBe(true);
});

test.each([
  ['/v1/models', '/v1/models'],
  ['/v1?a=1&key=k1&b=2', `/v1?a=1&key=${redacted}&b=2`],
  ['/v1?sig=s', `/v1?sig=${redacted}`],
  ['/v1?X-Amz-Signature=s&X-Amz-Date=d', `/v1?X-Amz-Signature=${redacted}&X-Amz-Date=d`],
  ['/v1?a=1;api_key=s;b=2', `/v1?a=1;api_key=${redacted}`],
  ['/v1?a=1?token=s', `/v1?a=1?token=${redacted}`],
  ['/v1?api%5Fkey=s&%74oken=s', `/v1?api%5Fkey=${redacted}&%74oken=${redacted}`],
  ['/v1?monkey=1&token', '/v1?monkey=1&token'],
  ['/v1?client_secret=a=b', `/v1?client_secret=${redacted}`],
])('S38: of %s the record shows %s', (target, expected) => {
  expect(redactTarget(target)).toBe(expected);
});

test('S29: whatever the target, hiding its keys takes linear time, and what is shown is bounded', () => {
  for (const part of ['?sig', ';sig', '&sig', '?', ';', 'sig', '=', '?sig=', '%73ig']) {
    // What is more than linear in this does not end before the test's time does.
    const target = `/${part.repeat(1024 * 1024)}`;
    expect(redactTarget(target).length).toBeLessThanOrEqual(2_048);
  }
});

/** Who calls: what extractors find, what they make of nonsense, and where it is told. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFactHeaders, renderCaller, type CallerExtractor } from '../../contract/index.ts';
import { CallerReader } from '../../ingress/caller-identity.ts';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { agent, configWith, IngressBed } from './ingress-bed.ts';

const now = Date.UTC(2026, 0, 1);
const seconds = now / 1000;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ed = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');

const jwkOf = ({ publicKey }: { readonly publicKey: KeyObject }, kid: string): object => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
});
const jwks = JSON.stringify({ keys: [jwkOf(ec, 'ec'), jwkOf(rsa, 'rsa'), jwkOf(ed, 'ed')] });
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(claims: object, key: KeyObject, header: object): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `Bearer ${signed}.${signature.toString('base64url')}`;
}

const claims = { sub: 'alice', exp: seconds + 60, iss: 'https://login', aud: ['triage', 'other'] };
const header = (name: string, field = 'user'): CallerExtractor => ({ field, source: 'Header', from: name });
const body = (path: string, field = 'user'): CallerExtractor => ({ field, source: 'Body', from: path });
const jwt = (more: Partial<CallerExtractor> = {}): CallerExtractor => ({
  ...{ field: 'user', source: 'JWT', from: 'sub' },
  ...more,
});
const trusting = jwt({ jwks, issuer: 'https://login', audience: 'triage' });

function read(
  extractors: readonly CallerExtractor[],
  headers: Record<string, string> = {},
  text: string | undefined = '',
): string {
  const input = { headers, now, body: text === 'not here' ? undefined : Buffer.from(text) };
  return renderCaller({ caller: new CallerReader(extractors).read(input) });
}

describe('an extractor', () => {
  test.each<[string, CallerExtractor[], Record<string, string>, string, string]>([
    ['a header', [header('X-User')], { 'x-user': 'alice' }, '', 'user=alice'],
    ['no header', [header('X-User')], {}, '', 'user=unknown (Missing)'],
    ['an empty header', [header('X-User')], { 'x-user': '' }, '', 'user=unknown (Missing)'],
    ['a long header', [header('x')], { x: 'a'.repeat(257) }, '', 'user=unknown (TooLong)'],
    [
      'a header that plays with who reads it',
      [header('x')],
      { x: 'a\u001b[2Jb' },
      '',
      'user=unknown (Unreadable)',
    ],
    ['a header that turns its text round', [header('x')], { x: 'a\u202eb' }, '', 'user=unknown (Unreadable)'],
    ['a place in the body', [body('$.event.user.id')], {}, '{"event":{"user":{"id":7}}}', 'user=7'],
    ['an item', [body("$.users[1]['the id']")], {}, '{"users":[{},{"the id":"b"}]}', 'user=b'],
    ['a path without $', [body('user.id')], {}, '{"user":{"id":"c"}}', 'user=c'],
    ['an object', [body('$.user')], {}, '{"user":{}}', 'user=unknown (Unreadable)'],
    ['what objects inherit', [body('$.toString')], {}, '{}', 'user=unknown (Missing)'],
    ['a body that is no JSON', [body('$.user')], {}, 'user=a', 'user=unknown (Unreadable)'],
    [
      'a body that is compressed',
      [body('$.user')],
      { 'content-encoding': 'gzip' },
      '{"user":"a"}',
      'user=unknown (Unreadable)',
    ],
    ['a deep body', [body('$.user')], {}, '['.repeat(60_000), 'user=unknown (Unreadable)'],
    ['no body', [body('$.user')], {}, '', 'user=unknown (Missing)'],
    ['a body that has not come', [body('$.user')], {}, 'not here', 'user=unknown (NotRead)'],
    ['a path of several places', [body('$..user')], {}, '{"user":"a"}', 'user=unknown (Unreadable)'],
    ['the first of two that finds something', [header('x'), body('$.user')], {}, '{"user":"a"}', 'user=a'],
    ['the first of two that both do', [header('x'), body('$.user')], { x: 'h' }, '{"user":"a"}', 'user=h'],
  ])('%s', (_, extractors, headers, text, expected) => {
    expect(read(extractors, headers, text)).toBe(expected);
  });

  test('a whole identity is bounded', () => {
    const many = Array.from({ length: 20 }, (_, index) => header('x', `f${index}`));
    const fields = new CallerReader(many).read({ headers: { x: 'a'.repeat(250) }, now, body: undefined });
    expect(fields).toHaveLength(16);
    expect(fields.filter(({ value }) => value !== undefined)).toHaveLength(8);
    expect(fields.at(-1)).toMatchObject({ problem: 'TooLong' });
  });
});

describe('a token', () => {
  const signed = token(claims, ed.privateKey, { alg: 'EdDSA', kid: 'ed' });
  const [head = '', payload = '', signature = ''] = signed.slice('Bearer '.length).split('.');
  const hmac = `${encode({ alg: 'HS256', kid: 'ed' })}.${encode(claims)}.${'a'.repeat(43)}`;
  const own = { alg: 'EdDSA', jwk: jwkOf(stranger, 'x'), kid: 'x' };

  test.each<[string, CallerExtractor, string | undefined, string]>([
    ['nobody verifies', jwt(), token(claims, stranger.privateKey, { alg: 'EdDSA' }), 'user=alice'],
    ['Ed25519', trusting, signed, 'user=alice (verified)'],
    ['P-256', trusting, token(claims, ec.privateKey, { alg: 'ES256', kid: 'ec' }), 'user=alice (verified)'],
    ['RSA', trusting, token(claims, rsa.privateKey, { alg: 'RS256' }), 'user=alice (verified)'],
    ['there is none', trusting, undefined, 'user=unknown (Missing)'],
    ['another scheme', trusting, 'Basic YTpi', 'user=unknown (Unreadable)'],
    [
      'a stranger signed',
      trusting,
      token(claims, stranger.privateKey, { alg: 'EdDSA', kid: 'ed' }),
      'user=unknown (NotVerified)',
    ],
    [
      'it brings its own key',
      trusting,
      token(claims, stranger.privateKey, own),
      'user=unknown (NotVerified)',
    ],
    [
      'another key of the set is named',
      trusting,
      token(claims, ed.privateKey, { alg: 'EdDSA', kid: 'ec' }),
      'user=unknown (NotVerified)',
    ],
    ['no algorithm', trusting, `Bearer ${encode({ alg: 'none' })}.${payload}.`, 'user=unknown (NotVerified)'],
    ['a shared secret', trusting, `Bearer ${hmac}`, 'user=unknown (NotVerified)'],
    [
      'the algorithm of another kind of key',
      trusting,
      token(claims, ed.privateKey, { alg: 'RS256' }),
      'user=unknown (NotVerified)',
    ],
    [
      'what must be understood',
      trusting,
      token(claims, ed.privateKey, { alg: 'EdDSA', crit: ['b64'] }),
      'user=unknown (NotVerified)',
    ],
    [
      'its claims were changed',
      trusting,
      `Bearer ${head}.${encode({ ...claims, sub: 'eve' })}.${signature}`,
      'user=unknown (NotVerified)',
    ],
    [
      'it has expired',
      trusting,
      token({ ...claims, exp: seconds - 61 }, ed.privateKey, { alg: 'EdDSA' }),
      'user=unknown (NotVerified)',
    ],
    [
      'it never ends',
      trusting,
      token({ ...claims, exp: undefined }, ed.privateKey, { alg: 'EdDSA' }),
      'user=unknown (NotVerified)',
    ],
    [
      'it begins later',
      trusting,
      token({ ...claims, nbf: seconds + 61 }, ed.privateKey, { alg: 'EdDSA' }),
      'user=unknown (NotVerified)',
    ],
    [
      'another issuer',
      trusting,
      token({ ...claims, iss: 'x' }, ed.privateKey, { alg: 'EdDSA' }),
      'user=unknown (NotVerified)',
    ],
    [
      'another audience',
      trusting,
      token({ ...claims, aud: 'x' }, ed.privateKey, { alg: 'EdDSA' }),
      'user=unknown (NotVerified)',
    ],
    ['a claim it has not', { ...trusting, from: 'constructor' }, signed, 'user=unknown (Missing)'],
    ['a key set that is none', jwt({ jwks: '{}' }), signed, 'user=unknown (NotVerified)'],
    [
      'a weak key',
      jwt({ jwks: JSON.stringify({ keys: [jwkOf(weak, 'w')] }) }),
      token(claims, weak.privateKey, { alg: 'RS256' }),
      'user=unknown (NotVerified)',
    ],
  ])('%s', (_, extractor, authorization, expected) => {
    expect(read([extractor], authorization === undefined ? {} : { authorization })).toBe(expected);
  });
});

test('property: whatever a caller sends, nothing throws and nothing is verified', () => {
  const reader = new CallerReader([
    header('x'),
    body('$.a[0].b', 'b'),
    { ...trusting, field: 'c' },
    jwt({ field: 'd' }),
  ]);
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.base64String().map((text) => `Bearer ${text}.${text}.${text}`),
  );
  fc.assert(
    fc.property(
      anything,
      anything,
      fc.uint8Array({ maxLength: 200 }),
      fc.json(),
      (x, authorization, bytes, json) => {
        for (const text of [Buffer.from(bytes), Buffer.from(json)]) {
          const fields = reader.read({ headers: { x, authorization }, body: text, now });
          expect(fields.every((each) => !each.verified)).toBe(true);
          expect(fields.every(({ value = '' }) => Buffer.byteLength(value) <= 256)).toBe(true);
          expect(
            fields.every(({ value, problem }) => (value === undefined) === (problem !== undefined)),
          ).toBe(true);
        }
      },
    ),
  );
});

describe('at the front door', () => {
  const bed = new IngressBed();
  const extractors = [header('X-User'), body('$.tenant', 'tenant')];

  test('every event has it, the worker is told it, and a caller cannot say it', async () => {
    const worker = await bed.startWorker('w1');
    bed.ingress.configure(configWith([{ ...agent, callerExtractors: extractors }]));
    const forged = Buffer.from('[{"field":"user","source":"JWT","value":"root","verified":true}]').toString(
      'base64url',
    );
    const headers = { 'x-user': 'alice', 'x-clrk-caller': forged };
    const answer = await call({ port: bed.ingress.port, headers, body: '{"tenant":"acme"}' });
    expect(answer.status).toBe(200);
    const expected = [
      { field: 'user', source: 'Header', value: 'alice', verified: false },
      { field: 'tenant', source: 'Body', value: 'acme', verified: false },
    ];
    await until('an event', () => Promise.resolve(bed.events.length > 0));
    expect(bed.events[0]?.spec.identity).toEqual({ audiences: [], caller: expected });
    const told = worker.seen[0]?.headers ?? {};
    expect(parseFactHeaders((name) => String(told[name] ?? ''), 0).caller).toEqual(expected);
    expect(worker.seen[0]?.body).toBe('{"tenant":"acme"}');
  });

  test('an agent that does not ask has none, whatever a caller says', async () => {
    const worker = await bed.startWorker('w1');
    await call({ port: bed.ingress.port, headers: { 'x-clrk-caller': 'W10' } });
    await until('an event', () => Promise.resolve(bed.events.length > 0));
    expect(bed.events[0]?.spec.identity).toEqual({ audiences: [] });
    expect(worker.seen[0]?.headers['x-clrk-caller']).toBeUndefined();
  });

  test('a call that is rejected says who was', async () => {
    bed.ingress.configure(configWith([{ ...agent, callerExtractors: extractors }]));
    await call({ port: bed.ingress.port, headers: { 'x-user': 'alice' } });
    await until('a rejection', () => Promise.resolve(bed.phases().includes('Rejected')));
    expect(renderCaller(bed.events.at(-1)?.spec.identity ?? {})).toBe('user=alice, tenant=unknown (Missing)');
  });

  test('a long body is passed on as it comes and not looked into', async () => {
    const worker = await bed.startWorker('w1');
    bed.ingress.configure(configWith([{ ...agent, callerExtractors: extractors }]));
    const text = `{"tenant":"acme","rest":"${'x'.repeat(200_000)}"}`;
    await call({ port: bed.ingress.port, body: text });
    await until('an event', () => Promise.resolve(bed.events.length > 0));
    expect(renderCaller(bed.events[0]?.spec.identity ?? {})).toContain('tenant=unknown (NotRead)');
    expect(worker.seen[0]?.body).toBe(text);
  });
});

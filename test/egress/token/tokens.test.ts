/** Calls that need a token, from an agent through a real gateway to a real upstream, by a real token endpoint over TLS. */
import { beforeAll, describe, expect, test } from 'vitest';
import { until } from '../gateway-bed.ts';
import { json } from '../http1-upstream.ts';
import { clientSecret, login, openOAuthServer, type OAuthServer } from './oauth-server.ts';
import { call, clientCredentials, keysOf, refreshToken, serviceAccount, useTokens } from './token-bed.ts';

const talk = useTokens();

describe('a token', () => {
  test.each([
    ['client credentials in the field', { grant: clientCredentials, scope: 'a b', audience: 'api' }],
    ['client credentials in the form', { grant: { ...clientCredentials, clientPlace: 'Body' as const } }],
    ['a refresh token', { grant: refreshToken }],
    ['a service account', { grant: serviceAccount, scope: 'https://www.googleapis.com/auth/cloud-platform' }],
  ])('by %s goes on the call, in place of the agent’s own', async (_title, inject) => {
    talk.use(inject);
    expect(await call(talk)).toMatch(/^HTTP\/1.1 200 /);
    expect(keysOf(talk)).toEqual(['Bearer token-1-secret']);
    const [asked] = talk.oauth.asked;
    expect(asked?.path).toBe('/oauth2/token');
    const { scope, audience } = { scope: undefined, audience: undefined, ...inject };
    const isAsserted = inject.grant === serviceAccount;
    expect([asked?.form['scope'], asked?.form['audience']]).toEqual([
      isAsserted ? undefined : scope,
      audience,
    ]);
    const keys = JSON.stringify(talk.seen) + JSON.stringify(talk.bed.records);
    expect(keys).not.toMatch(/client-secret-5c1e|refresh-secret|PRIVATE KEY/);
    expect(JSON.stringify(talk.bed.records)).not.toContain('token-1-secret');
  });

  test('is asked for once by calls that come together, and kept for those after', async () => {
    talk.use();
    talk.oauth.hold = true;
    const calls = Array.from({ length: 8 }, () => call(talk));
    await until(() => talk.oauth.asked.length > 0, 'a question');
    expect(keysOf(talk)).toEqual([]);
    talk.oauth.hold = false;
    talk.oauth.release();
    for (const got of await Promise.all(calls)) expect(got).toMatch(/^HTTP\/1.1 200 /);
    await call(talk);
    expect(keysOf(talk)).toEqual(Array.from({ length: 9 }, () => 'Bearer token-1-secret'));
    expect(talk.oauth.asked).toHaveLength(1);
  });

  test('is renewed ahead of its end, and no call waits for that', async () => {
    talk.use();
    await call(talk);
    talk.bed.advance(3_600_000 - 60_000);
    talk.oauth.hold = true;
    expect(await call(talk)).toMatch(/^HTTP\/1.1 200 /);
    await until(() => talk.oauth.asked.length === 2, 'it is renewed');
    talk.oauth.hold = false;
    talk.oauth.release();
    for (let tries = 0; keysOf(talk).at(-1) !== 'Bearer token-2-secret'; tries += 1) {
      expect(tries).toBeLessThan(200);
      await call(talk);
    }
    expect(talk.oauth.asked).toHaveLength(2);
  });

  test('that the server gave last renews the next one', async () => {
    talk.use({ grant: refreshToken });
    await call(talk);
    talk.bed.advance(3_600_000);
    await call(talk);
    expect(talk.oauth.asked.map(({ form }) => form['refresh_token'])).toEqual([
      'refresh-secret-0',
      'refresh-secret-1',
    ]);
    expect(keysOf(talk)).toEqual(['Bearer token-1-secret', 'Bearer token-2-secret']);
  });

  test('its upstream refuses is given up', async () => {
    talk.use();
    await call(talk);
    talk.bed.advance(31_000);
    talk.answer = () => json(401, { error: 'revoked' });
    expect(await call(talk)).toMatch(/^HTTP\/1.1 401 /);
    talk.answer = () => json(200, { ok: true });
    await call(talk);
    expect(keysOf(talk).at(-1)).toBe('Bearer token-2-secret');
  });

  test('S37: it and the secrets it was given for are starred out of answers', async () => {
    talk.use();
    talk.answer = () =>
      json(401, { seen: `token-1-secret ${clientSecret}` }, 'X-Echo: Bearer token-1-secret\r\n');
    const got = await call(talk);
    expect(got).toMatch(/^HTTP\/1.1 401 /);
    expect(got).not.toMatch(/token-1-secret|client-secret/);
    expect(got).toMatch(/x-echo: Bearer \*{14}/i);
  });
});

describe('S36: a new document', () => {
  test('with the same keys keeps the token', async () => {
    talk.use();
    await call(talk);
    talk.use();
    await call(talk);
    expect(talk.oauth.asked).toHaveLength(1);
  });

  test.each([
    ['other keys', { grant: { ...clientCredentials, clientId: 'gateway-client-2' } }],
    ['another scope', { scope: 'more' }],
    ['another audience', { audience: 'other' }],
  ])('with %s has a token of its own, and the one before is forgotten', async (_title, change) => {
    talk.use();
    await call(talk);
    talk.use(change);
    await call(talk);
    talk.use();
    await call(talk);
    expect(talk.oauth.asked).toHaveLength(3);
    expect(keysOf(talk).at(-1)).toBe('Bearer token-3-secret');
  });

  test('that trusts others asks again', async () => {
    talk.use();
    await call(talk);
    talk.use({}, ({ upstream }) => ({ upstream: { ...upstream, requestTimeoutMs: 19_000 } }));
    await call(talk);
    expect(talk.oauth.asked).toHaveLength(2);
  });

  test('with other keys ends a call that waits for the old ones, which sends nothing', async () => {
    talk.use();
    talk.oauth.hold = true;
    const waiting = call(talk);
    await until(() => talk.oauth.asked.length > 0, 'a question');
    talk.use({ grant: { ...clientCredentials, clientSecret: 'another-secret' } });
    expect(await waiting).toMatch(/^HTTP\/1.1 403 [^]*POLICY_CHANGED/);
    expect(keysOf(talk)).toEqual([]);
  });
});

describe('S40: a call is refused, and never sent without its token,', () => {
  let stranger: OAuthServer;
  beforeAll(async () => {
    stranger = await openOAuthServer(talk.bed.upstreamIp, false);
    return () => stranger.close();
  });

  const refused = /^HTTP\/1.1 502 [^]*CREDENTIAL_TOKEN_UNAVAILABLE/;

  test('where the client is not known; nothing of what the server writes is told', async () => {
    talk.use({ grant: { ...clientCredentials, clientSecret: 'not-the-secret' } });
    const got = await call(talk);
    expect(got).toMatch(refused);
    expect(got).toContain('answered 401 invalid_client (CredentialInjectionPolicy default/key)');
    expect(got).toMatch(/retry-after: 1\r\n/i);
    expect(got).not.toContain(clientSecret);
    expect(talk.bed.records.at(-1)?.attributes).toMatchObject({
      'clrk.egress.deny_reason': 'credential',
      'clrk.credential.policy': 'default/key',
    });
    expect(keysOf(talk)).toEqual([]);
  });

  test.each<[string, (response: Parameters<OAuthServer['misbehave']>[0]) => void, string]>([
    [
      'S24: where it is sent elsewhere',
      (response) => response.writeHead(307, { location: 'https://api.openai.com/token' }).end(),
      'answered 307',
    ],
    [
      'where the answer has no end',
      (response) => response.writeHead(200).write('x'.repeat(70_000)),
      '64 KiB',
    ],
    ['where the answer is cut', (response) => void response.socket?.destroy(), 'cannot be reached'],
    ['where the answer is no token', (response) => response.writeHead(200).end('{}'), 'no usable Bearer'],
  ])('%s', async (_title, answer, said) => {
    talk.oauth.misbehave = (response) => {
      answer(response);
      return true;
    };
    talk.use();
    const got = await call(talk);
    expect(got).toMatch(refused);
    expect(got).toContain(said);
    expect([keysOf(talk), talk.oauth.asked.length]).toEqual([[], 1]);
  });

  test('S27: where nobody trusts the server, which then sees no secret', async () => {
    talk.use({ endpoint: stranger.url });
    expect(await call(talk)).toContain('no certificate that is trusted');
    expect(stranger.asked).toEqual([]);
  });

  test.each([
    ['is never open', '169.254.169.254', 'default'],
    ['is the platform’s', '192.0.2.0', 'default'],
  ])('S9: where the endpoint’s address %s', async (_title, ip) => {
    talk.use({}, ({ upstream, destinations }) => ({
      upstream: {
        ...upstream,
        hostAliases: [
          ...upstream.hostAliases.slice(0, 0),
          { ip, hostnames: [login] },
          { ip: talk.bed.upstreamIp, hostnames: ['api.openai.com'] },
        ],
      },
      destinations: { ...destinations, platformCidrs: ['192.0.2.0/32'] },
    }));
    expect(await call(talk)).toContain('an address that may not be reached');
    expect(talk.oauth.asked).toEqual([]);
  });

  test('as long as the server fails; it is asked again only after a pause', async () => {
    talk.oauth.misbehave = (response) => {
      response.writeHead(503, { 'retry-after': '20' }).end();
      return true;
    };
    talk.use();
    for (let index = 0; index < 3; index += 1) expect(await call(talk)).toMatch(refused);
    expect(talk.oauth.asked).toHaveLength(1);
    talk.bed.advance(20_000);
    talk.oauth.misbehave = () => false;
    expect(await call(talk)).toMatch(/^HTTP\/1.1 200 /);
  });
});

test('S54: one policy’s silent endpoint holds up nobody else’s', async () => {
  const quick = await openOAuthServer(talk.bed.upstreamIp);
  talk.oauth.hold = true;
  talk.use({}, ({ credentials }) => {
    const [slow] = credentials;
    const target = { kind: 'EgressGateway' as const, namespace: 'default', name: 'main' };
    const inject = { type: 'Token' as const, endpoint: quick.url, grant: clientCredentials };
    return { credentials: [slow!, { policy: { namespace: 'default', name: 'quick' }, target, inject }] };
  });
  const waiting = call(talk);
  await until(() => talk.oauth.asked.length > 0, 'a question');
  const other = await talk.bed.dial('files.example.com');
  other.write('GET / HTTP/1.1\r\nHost: files.example.com\r\n\r\n');
  await until(() => talk.seen.length === 1, 'the other call goes on');
  expect([keysOf(talk), quick.asked.length]).toEqual([['Bearer token-1-secret'], 1]);
  other.destroy();
  quick.close();
  talk.oauth.hold = false;
  talk.oauth.release();
  expect(await waiting).toMatch(/^HTTP\/1.1 200 /);
});

/** Tokens without a network: what is kept of answers, and a server that never answers. */
import { expect, test } from 'vitest';
import { noCredentials } from '../../../decision/credential.ts';
import type { TokenNeed } from '../../../decision/index.ts';
import { createLeafIssuer } from '../../../egress/tls/leaf-issuer.ts';
import { scrubText, SecretForms } from '../../../egress/scrub/index.ts';
import { createSnapshot } from '../../../egress/snapshot.ts';
import { TokenClient } from '../../../egress/token/token-client.ts';
import type { TokenAnswer } from '../../../egress/token/token-answer.ts';
import { createTokenRequest } from '../../../egress/token/token-request.ts';
import { Tokens } from '../../../egress/token/tokens.ts';
import { createConfig } from '../gateway-config.ts';
import { clientCredentials, serviceAccount } from './token-bed.ts';

const inject = { type: 'Token' as const, endpoint: 'https://login.example.com/t', grant: clientCredentials };
const need: TokenNeed = { namespace: 'default', name: 'key', inject, mayBePrivate: true };

test('a token that had expired when it came is a failure, and not asked for at once again', () => {
  let now = 0;
  let answer: ((answer: TokenAnswer) => void) | undefined;
  let asked = 0;
  const tokens = new Tokens({
    now: () => now,
    unixMs: () => now,
    askBy: () => (_need, _unixMs, _refresh, done) => {
      asked += 1;
      answer = done;
    },
  });
  const config = createConfig('192.0.2.1', 443);
  const credentials = [{ ...config.credentials[0]!, inject }];
  tokens.use(createSnapshot({ ...config, credentials }, createLeafIssuer));
  expect(tokens.ready(noCredentials, need)).toBeUndefined();
  now = 5_000;
  answer?.({ kind: 'given', token: 't', lifeMs: 5_000, refreshToken: undefined });
  expect(tokens.ready(noCredentials, need)).toMatchObject({ kind: 'failed', retryMs: 1_000 });
  expect([asked, tokens.size]).toEqual([1, 1]);
  tokens.use(createSnapshot({ ...config, credentials: [] }, createLeafIssuer));
  expect(tokens.size).toBe(0);
});

test('S37: the refresh token that came with it is starred out as the Secret’s is', () => {
  let answer: ((answer: TokenAnswer) => void) | undefined;
  const askBy = () => (_need: unknown, _unixMs: number, _refresh: unknown, done: typeof answer) => {
    answer = done;
  };
  const tokens = new Tokens({ now: () => 0, unixMs: () => 0, askBy });
  const config = createConfig('192.0.2.1', 443);
  const credentials = [{ ...config.credentials[0]!, inject }];
  tokens.use(createSnapshot({ ...config, credentials }, createLeafIssuer));
  tokens.ready(noCredentials, need);
  answer?.({ kind: 'given', token: 'given-token-1', lifeMs: 60_000, refreshToken: 'Zq8-another-one-77' });
  const ready = tokens.ready(noCredentials, need);
  const injection = ready?.kind === 'ready' ? ready.injection : noCredentials;
  const said = scrubText('given-token-1 Zq8-another-one-77 end', new SecretForms().of(injection));
  expect(said).toMatch(/^\*+ \*+ end$/);
});

test('S30: a server that never lets itself be connected to is waited for in bounded time', async () => {
  const client = new TokenClient({
    dial: () => new Promise(() => undefined),
    ...{ now: () => 0, onBroken: () => undefined, deadlineMs: 20 },
  });
  const answer = await new Promise((resolve) => {
    client.ask(need, { headers: {}, body: '' }, resolve);
  });
  expect(answer).toMatchObject({ kind: 'fault', fault: { code: 'TimedOut' } });
});

test.each([
  ['no key at all', '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----'],
  ['nothing', ''],
])('a service account with %s asks for nothing', (_title, privateKeyPem) => {
  const grant = { ...serviceAccount, privateKeyPem };
  expect(createTokenRequest({ ...inject, grant }, 0)).toBeUndefined();
});

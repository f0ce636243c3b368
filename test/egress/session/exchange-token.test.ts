/** An exchange whose call needs a token: it waits, sends nothing meanwhile, and goes elsewhere or nowhere when there is none. */
import { describe, expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import { Tokens, type AskToken } from '../../../egress/token/tokens.ts';
import type { TokenAnswer } from '../../../egress/token/token-answer.ts';
import { createSnapshot } from '../../../egress/snapshot.ts';
import { createLeafIssuer } from '../../../egress/tls/leaf-issuer.ts';
import { chat, script, type Script } from './exchange-script.ts';
import { inTurn, keyOf } from './fallback-config.ts';

const endpoint = 'https://login.example.com/token';
const grant = {
  ...{ type: 'ClientCredentials' as const, clientId: 'id', clientSecret: 'client-secret' },
  clientPlace: 'Header' as const,
};

/** The first of two Backends needs a token; the second has a key. */
function config(): GatewayConfig {
  const before = inTurn(['one', 'two']);
  const [first, ...others] = before.credentials;
  return { ...before, credentials: [{ ...first!, inject: { type: 'Token', endpoint, grant } }, ...others] };
}

const given: TokenAnswer = { kind: 'given', token: 'the-token', lifeMs: 60_000, refreshToken: undefined };
const refused: TokenAnswer = { kind: 'fault', fault: { code: 'Refused', message: 'it answered 400' } };

function begin(): { talk: Script; answer: (how: TokenAnswer) => void; asked: () => number } {
  const questions: Array<Parameters<AskToken>[3]> = [];
  const policy = config();
  const tokens = new Tokens({
    now: () => 1_000,
    unixMs: () => 1_000,
    askBy: () => (_need, _unixMs, _refreshToken, done) => void questions.push(done),
  });
  tokens.use(createSnapshot(policy, createLeafIssuer));
  const talk = script({ config: policy, tokens });
  talk.exchange.start();
  talk.exchange.data(Buffer.from(chat));
  talk.exchange.end([]);
  return { talk, answer: (how) => questions.at(-1)?.(how), asked: () => questions.length };
}

const keys = ({ tries }: Script) =>
  tries.map(({ request }) => request.fields.find(({ name }) => name === 'authorization')?.value);

describe('a call that needs a token', () => {
  test('S40: is not sent before it has come', async () => {
    const { talk, answer, asked } = begin();
    await talk.settle();
    expect([keys(talk), asked()]).toEqual([[], 1]);
    answer(given);
    await talk.settle();
    expect(keys(talk)).toEqual(['Bearer the-token']);
  });

  test('S49: goes to the next Backend, with that one’s key, where there is none', async () => {
    const { talk, answer } = begin();
    answer(refused);
    await talk.settle();
    expect(keys(talk)).toEqual([keyOf('two')]);
    expect(talk.tries[0]?.request.authority).toBe('two.example.com');
  });

  test('whose agent has gone is not sent when it comes', async () => {
    const { talk, answer } = begin();
    talk.exchange.aborted('AGENT_GONE');
    answer(given);
    await talk.settle();
    expect([keys(talk), talk.records.length + talk.refused.length]).toEqual([[], 1]);
  });

  test('S36: whose policy changes while it waits ends', async () => {
    const { talk, answer } = begin();
    talk.swap((before) => ({ ...before, credentials: before.credentials.slice(1) }));
    answer(given);
    await talk.settle();
    expect([keys(talk), talk.heads.map(({ status }) => status)]).toEqual([[], [403]]);
  });
});

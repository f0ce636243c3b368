/** An exchange under a FallbackRoutingPolicy: which Backend is tried when, with what, and what the agent is told of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BackendHealth } from '../../../egress/fallback/backend-health.ts';
import { createField, type Field } from '../../../egress/http1/index.ts';
import { UpstreamError } from '../../../egress/upstream/upstream-error.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { script, sent, type Script, type ScriptOptions } from './exchange-script.ts';
import { inTurn, keyOf, modelOf, type FallbackConfig } from './fallback-config.ts';

const json = createField('Content-Type', 'application/json');
const names = ['a', 'b', 'c'];
const closed = new UpstreamError('UPSTREAM_CLOSED', 'closed');
const refused = new UpstreamError('UPSTREAM_UNREACHABLE', 'refused', { unprocessed: true, atHost: true });

const places = (talk: Script): string =>
  talk.tries.map(({ request }) => request.authority.replace('.example.com', '')).join('');
const fieldOf = (talk: Script, index: number, name: string): string | undefined =>
  talk.tries[index]?.request.fields.find((field) => field.name === name)?.value;
const bodyOf = (talk: Script, index: number): string =>
  Buffer.concat(talk.tries[index]?.sent ?? []).toString();
const attributeOf = (talk: Script, name: string): unknown => {
  const list = talk.records[0]?.attributes;
  return list?.values[list.names.indexOf(name)];
};

async function answer(
  talk: Script,
  status: number,
  { fields = [], text = '{}' }: { fields?: Field[]; text?: string } = {},
): Promise<void> {
  const last = talk.tries.at(-1);
  const count = talk.tries.length;
  const body = Buffer.from(text);
  last?.reader.head({ status, reason: '', fields: [json, ...fields], bodyLength: body.length });
  // What another was asked in place of says no more.
  if (talk.tries.length === count && last?.aborted === false) {
    last.reader.body(body);
    last.reader.finished([]);
  }
  await talk.settle();
}

async function fail(talk: Script, error: UpstreamError): Promise<void> {
  talk.tries.at(-1)?.reader.failed(error);
  await talk.settle();
}

const start = (change: FallbackConfig = {}, options: ScriptOptions = {}): Promise<Script> =>
  sent({ config: inTurn(names, change), ...options });

describe('S49: each try is its own', () => {
  test('with the key, the name of the model and the host of its Backend, and of no other', async () => {
    const talk = await start();
    await answer(talk, 503);
    await answer(talk, 429);
    await answer(talk, 200, { text: '{"ok":1}' });
    expect(places(talk)).toBe('abc');
    for (const [index, name] of names.entries()) {
      expect(fieldOf(talk, index, 'authorization')).toBe(keyOf(name));
      expect(bodyOf(talk, index)).toBe(`{"model":"${modelOf(name)}","messages":[]}`);
      const all = JSON.stringify(talk.tries[index]?.request) + bodyOf(talk, index);
      for (const other of names.filter((each) => each !== name)) expect(all).not.toContain(`of-${other}`);
    }
    expect(talk.told()).toBe('200 {"ok":1} | end');
  });

  test('the agent’s own body goes to a Backend that changes nothing', async () => {
    const config = inTurn(names);
    const [route] = config.providerRoutes;
    const [rule] = route?.rules ?? [];
    const [first, ...others] = rule?.backends ?? [];
    if (route === undefined || rule === undefined || first === undefined) throw new Error('no rule');
    const backends = [first, ...others.map((each) => ({ ...each, modelRewrites: [] }))];
    const talk = await sent({
      config: { ...config, providerRoutes: [{ ...route, rules: [{ ...rule, backends }] }] },
    });
    await answer(talk, 503);
    await answer(talk, 200);
    expect(bodyOf(talk, 1)).toBe('{"model":"gpt-4o","messages":[]}');
    expect(attributeOf(talk, 'gen_ai.request.model')).toBe('gpt-4o');
  });

  test('a key that one Backend echoes of its own is starred, whichever it is', async () => {
    const talk = await start();
    await answer(talk, 503);
    await answer(talk, 200, { text: '"key-of-b"' });
    expect(talk.told()).not.toContain('key-of-b');
  });

  test('what the agent brings for the host it asked for goes to no other', async () => {
    const config = inTurn(['a', 'own'], { keepsModel: true });
    const own = { hostname: 'api.openai.com' };
    const providerRoutes = config.providerRoutes.map((route) => ({
      ...route,
      rules: route.rules.map((rule) => ({
        ...rule,
        backends: rule.backends.map((each) => (each.name === 'own' ? { ...each, host: own.hostname } : each)),
      })),
    }));
    const fields = [createField('Authorization', 'Bearer own'), createField('X-Api-Key', 'own')];
    const talk = await sent({
      config: { ...config, providerRoutes, credentials: [] },
      ...{ fields, target: '/v1/chat/completions?key=own&x=1' },
    });
    await answer(talk, 503);
    expect(talk.tries.map(({ request }) => [request.authority, request.target])).toEqual([
      ['a.example.com', '/v1/chat/completions?x=1'],
      ['api.openai.com', '/v1/chat/completions?key=own&x=1'],
    ]);
    expect([0, 1].map((index) => fieldOf(talk, index, 'authorization'))).toEqual([undefined, 'Bearer own']);
    expect([0, 1].map((index) => fieldOf(talk, index, 'x-api-key'))).toEqual([undefined, 'own']);
  });

  test('one record, with an event for each try', async () => {
    const talk = await start();
    await answer(talk, 503);
    await fail(talk, closed);
    await answer(talk, 200);
    expect(talk.records).toHaveLength(1);
    const events = (talk.records[0]?.events ?? []).filter(({ name }) => name === 'egress.attempt');
    const told = events.map(({ attributes: { names: keys, values } }) =>
      ['clrk.attempt.backend', 'error.type'].map((key) => values[keys.indexOf(key)]),
    );
    expect(told).toEqual([
      ['a', '503'],
      ['b', 'UPSTREAM_CLOSED'],
      ['c', undefined],
    ]);
    expect(attributeOf(talk, 'clrk.credential.policy')).toBe('default/key-c');
  });
});

describe('the next Backend is tried', () => {
  const faults: ReadonlyArray<[string, (talk: Script) => Promise<void>, FallbackConfig, string]> = [
    ['after 503', (talk) => answer(talk, 503), {}, 'ab'],
    ['after 429', (talk) => answer(talk, 429), {}, 'ab'],
    ['not after 500', (talk) => answer(talk, 500), {}, 'a'],
    ['not after 404', (talk) => answer(talk, 404), {}, 'a'],
    ['after those that are named', (talk) => answer(talk, 500), { statuses: [500] }, 'ab'],
    ['not after others then', (talk) => answer(talk, 503), { statuses: [500] }, 'a'],
    ['after a connection that ended', (talk) => fail(talk, closed), {}, 'ab'],
    ['not where there are no more tries', (talk) => answer(talk, 503), { retries: 0 }, 'a'],
    [
      'not after an answer has begun',
      async (talk) => {
        talk.tries[0]?.reader.head({ status: 200, reason: '', fields: [json], bodyLength: undefined });
        talk.tries[0]?.reader.body(Buffer.from('{"half":'));
        await fail(talk, closed);
        expect(talk.told()).toBe('200 {"half": | cut');
      },
      {},
      'a',
    ],
  ];
  test.each(faults)('%s', async (_title, end, change, expected) => {
    const talk = await start(change);
    await end(talk);
    expect(places(talk)).toBe(expected);
    if (expected === 'ab') expect(talk.told()).toBe(' ');
  });

  test('after one that cannot be connected to', async () => {
    const talk = await start({}, { dialError: (number) => (number === 0 ? refused : undefined) });
    expect(places(talk)).toBe('b');
    await answer(talk, 200);
    expect(talk.told()).toMatch(/^200 /);
  });

  test('and what the last one says is passed on', async () => {
    const talk = await start({ retries: 1 });
    await answer(talk, 503, { text: '{"n":1}' });
    await answer(talk, 503, { text: '{"n":2}' });
    expect(places(talk)).toBe('ab');
    expect(talk.told()).toBe('503 {"n":2} | end');
  });

  test('when a try takes too long, from when the agent has sent all of it', async () => {
    const talk = script({ config: inTurn(names, { perTryTimeoutMs: 5_000, models: [], keepsModel: true }) });
    talk.exchange.start();
    talk.exchange.data(Buffer.from('{"model":"m",'));
    await talk.settle();
    const tick = async (ms: number): Promise<void> => {
      talk.now += ms;
      talk.exchange.tick(talk.now);
      await talk.settle();
    };
    await tick(10_000);
    expect(places(talk)).toBe('a');
    talk.exchange.data(Buffer.from('"messages":[]}'));
    talk.exchange.end([]);
    await tick(4_999);
    expect(places(talk)).toBe('a');
    await tick(1);
    expect(places(talk)).toBe('ab');
    expect(talk.tries[0]?.aborted).toBe(true);
    await answer(talk, 200);
    expect(talk.told()).toMatch(/^200 /);
  });
});

describe('one Backend alone gets', () => {
  test.each<[string, ScriptOptions]>([
    ['files', { target: '/v1/files', method: 'GET', length: 0 }],
    ['what nobody knows', { target: '/v1/batches' }],
    ['an upload of a file', { target: '/v1/files' }],
  ])('calls about what is kept there: %s', async (_title, options) => {
    const talk = await start({ models: [], keepsModel: true }, options);
    await answer(talk, 503);
    expect(places(talk)).toBe('a');
    expect(talk.told()).toMatch(/^503 /);
  });

  test('a body that is too large to be kept', async () => {
    const talk = script({ config: inTurn(names, { models: [], keepsModel: true }), holds: 10_000 });
    talk.exchange.start();
    await talk.settle();
    for (const part of ['{"model":"m","x":"', 'x'.repeat(60_000), 'x'.repeat(20_000), '"}']) {
      talk.exchange.data(Buffer.from(part));
    }
    talk.exchange.end([]);
    await answer(talk, 503);
    expect(places(talk)).toBe('a');
    expect(attributeOf(talk, 'clrk.retry.ineligible')).toBe('body_too_large');
  });

  test('and not one that the agent may have held', async () => {
    const text = `{"model":"m","x":"${'x'.repeat(80_000)}"}`;
    const talk = script({ config: inTurn(names, { models: [], keepsModel: true }), holds: 100_000 });
    talk.exchange.start();
    await talk.settle();
    for (let at = 0; at < text.length; at += 10_000) {
      talk.exchange.data(Buffer.from(text.slice(at, at + 10_000)));
    }
    talk.exchange.end([]);
    await answer(talk, 503);
    expect(places(talk)).toBe('ab');
    expect(bodyOf(talk, 1)).toBe(text);
  });

  test('S36: a call that a new policy met under way', async () => {
    const talk = await start();
    talk.swap((config) => config);
    await answer(talk, 503);
    expect(places(talk)).toBe('a');
    expect(talk.told()).toMatch(/^503 /);
  });

  test('S36: and none where the Backend that was asked is gone', async () => {
    const talk = await start();
    talk.swap(() => inTurn(['b', 'c']));
    expect(talk.told()).toMatch(/^403 .*POLICY_CHANGED/);
    expect(talk.tries[0]?.aborted).toBe(true);
  });
});

describe('a Backend that fails is left out', () => {
  const clock = { now: 1_000 };
  const call = async (health: BackendHealth, agentId: string, end: (talk: Script) => Promise<void>) => {
    const talk = await start({}, { health, agentId });
    await end(talk);
    if (talk.told() === ' ') await answer(talk, 200);
    return places(talk);
  };
  const down = (talk: Script): Promise<void> =>
    places(talk).endsWith('a') ? answer(talk, 503) : answer(talk, 200);

  test('by the agent that found out alone; after its time one call tries it', async () => {
    const health = new BackendHealth(() => clock.now);
    for (let count = 0; count < 5; count += 1) expect(await call(health, 'x', down)).toBe('ab');
    expect(await call(health, 'x', down)).toBe('b');
    // Another's calls may have made it answer so.
    expect(await call(health, 'y', down)).toBe('ab');
    clock.now += 30_000;
    const probe = await start({}, { health, agentId: 'x' });
    expect(places(probe)).toBe('a');
    expect(await call(health, 'x', down)).toBe('b');
    await answer(probe, 200);
    expect(await call(health, 'x', (talk) => answer(talk, 200))).toBe('a');
  });

  test('a probe whose agent leaves lets the next one try', async () => {
    const health = new BackendHealth(() => clock.now);
    for (let count = 0; count < 5; count += 1) await call(health, 'x', down);
    clock.now += 30_000;
    const probe = await start({}, { health, agentId: 'x' });
    probe.exchange.aborted('AGENT_GONE');
    expect(await call(health, 'x', (talk) => answer(talk, 200))).toBe('a');
  });

  test('by all where nobody can connect to it', async () => {
    const health = new BackendHealth(() => clock.now);
    const dialError = (number: number) => (number === 0 ? refused : undefined);
    for (let count = 0; count < 5; count += 1) {
      const talk = await start({}, { health, agentId: `x${count}`, dialError });
      await answer(talk, 200);
      expect(places(talk)).toBe('b');
    }
    expect(await call(health, 'z', (talk) => answer(talk, 200))).toBe('b');
  });

  test('for as long as it asks for (Retry-After), by the agent it said it to', async () => {
    const health = new BackendHealth(() => clock.now);
    const fields = [createField('Retry-After', '7')];
    expect(await call(health, 'x', (talk) => answer(talk, 429, { fields }))).toBe('ab');
    expect(await call(health, 'x', (talk) => answer(talk, 200))).toBe('b');
    expect(await call(health, 'y', (talk) => answer(talk, 200))).toBe('a');
    clock.now += 7_000;
    expect(await call(health, 'x', (talk) => answer(talk, 200))).toBe('a');
  });

  test('and where all are, they are tried as if none were, and the first that does well is in again', async () => {
    const health = new BackendHealth(() => clock.now);
    for (let count = 0; count < 5; count += 1) {
      const talk = await start({}, { health, agentId: 'x' });
      while (!talk.told().startsWith('503 ')) await answer(talk, 503);
      expect(places(talk)).toBe('abc');
      clock.now += 1_000;
    }
    expect(await call(health, 'x', down)).toBe('ab');
    expect(await call(health, 'x', (talk) => answer(talk, 200))).toBe('b');
  });

  test('but where all asked not to be called, the first alone is', async () => {
    const health = new BackendHealth(() => clock.now);
    const fields = [createField('Retry-After', '60')];
    const talk = await start({}, { health, agentId: 'x' });
    while (!talk.told().startsWith('429 ')) await answer(talk, 429, { fields });
    expect(places(talk)).toBe('abc');
    const next = await start({}, { health, agentId: 'x' });
    await answer(next, 429, { fields });
    expect(places(next)).toBe('a');
  });

  test('but not for what the agent did wrong', async () => {
    const health = new BackendHealth(() => clock.now);
    for (let count = 0; count < 20; count += 1) await call(health, 'x', (talk) => answer(talk, 400));
    expect(await call(health, 'x', (talk) => answer(talk, 200))).toBe('a');
  });

  test('and an agent has a part of its calls to try again', async () => {
    const health = new BackendHealth(() => clock.now);
    let second = 0;
    for (let count = 0; count < 100; count += 1) {
      // A new Backend each time, so that none is left out.
      const config = inTurn([`n${count}`, `m${count}`]);
      const talk = await sent({ config, health, agentId: 'x' });
      await answer(talk, 503);
      second += talk.tries.length - 1;
    }
    expect(second).toBeGreaterThanOrEqual(20);
    expect(second).toBeLessThanOrEqual(20 + 100 / 5);
  });
});

describe('S48: under a budget', () => {
  const chat = '{"model":"gpt-4o","max_tokens":50,"messages":[]}';
  const asked = chat.length + 50;
  const used = '{"usage":{"prompt_tokens":7,"completion_tokens":5}}';

  test.each<[string, (talk: Script) => Promise<void>, number]>([
    ['an answer that refused costs nothing', (talk) => answer(talk, 503), 12],
    ['a try that may have used it all costs what it was promised', (talk) => fail(talk, closed), asked + 12],
  ])('%s', async (_title, end, taken) => {
    const ledger = new MemoryLedger();
    const talk = await sent({ config: inTurn(names, { budget: { maxTokensPerDay: 10_000 } }), ledger }, chat);
    await end(talk);
    await answer(talk, 200, { text: used });
    talk.tidy(true);
    await talk.settle();
    expect(places(talk)).toBe('ab');
    expect(ledger.total).toBe(taken);
    expect(attributeOf(talk, 'clrk.budget.charged_tokens')).toBe(taken);
  });

  test('nothing where one refused and the next could not be reached', async () => {
    const ledger = new MemoryLedger();
    const config = inTurn(['a', 'b'], { budget: { maxTokensPerDay: 10_000 } });
    const dialError = (number: number) => (number === 1 ? refused : undefined);
    const talk = await sent({ config, ledger, dialError }, chat);
    await answer(talk, 503);
    talk.tidy(true);
    await talk.settle();
    expect(talk.told()).toMatch(/^502 .*UPSTREAM_UNREACHABLE/);
    expect(ledger.total).toBe(0);
  });

  test('what is left for one try allows no second one', async () => {
    const ledger = new MemoryLedger();
    const config = inTurn(names, { budget: { maxTokensPerDay: asked + 10 } });
    const talk = await sent({ config, ledger }, chat);
    await fail(talk, closed);
    talk.tidy(true);
    await talk.settle();
    expect(places(talk)).toBe('a');
    expect(talk.told()).toMatch(/^502 .*UPSTREAM_CLOSED/);
    expect(ledger.total).toBe(asked);
  });
});

type Outage = 'answers' | 'refuses' | 'limits' | 'errs' | 'cuts' | 'breaks' | 'unreachable' | 'hangs';
const outages: readonly Outage[] = [
  ...(['answers', 'refuses', 'limits', 'errs', 'cuts', 'breaks', 'unreachable', 'hangs'] as const),
];

test('property: whatever is out, one answer, one record, no key at another host, bounded tries, exact settlement', async () => {
  const policies = fc.record({
    retries: fc.integer({ min: 0, max: 5 }),
    statuses: fc.subarray([429, 500, 503]),
    perTryTimeoutMs: fc.constant(1_000),
    count: fc.integer({ min: 1, max: 6 }),
    perDay: fc.option(fc.integer({ min: 100, max: 2_000 }), { nil: undefined }),
  });
  const state = fc.array(fc.constantFrom(...outages), { minLength: 8, maxLength: 8 });
  const chat = '{"model":"gpt-4o","max_tokens":50,"messages":[]}';
  const promised = chat.length + 50;
  await fc.assert(
    fc.asyncProperty(
      policies,
      fc.array(state, { minLength: 1, maxLength: 4 }),
      async ({ count, perDay, ...policy }, calls) => {
        const all = ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, count);
        const ledger = new MemoryLedger();
        const clock = { now: 1_000 };
        const health = new BackendHealth(() => clock.now);
        const budget = perDay === undefined ? {} : { budget: { maxTokensPerDay: perDay } };
        const config = inTurn(all, { ...policy, ...budget });
        let charged = 0;
        for (const states of calls) {
          const dialError = (number: number) => (states[number] === 'unreachable' ? refused : undefined);
          const talk = await sent({ config, ledger, health, dialError }, chat);
          // By the order of tries: those that could not be connected to are none the script sees.
          const queue = states.filter((each) => each !== 'unreachable');
          let due = 0;
          for (let turn = 0; turn < 12 && talk.records.length + talk.refused.length === 0; turn += 1) {
            const before = talk.tries.length;
            switch (queue[before - 1] ?? 'answers') {
              case 'answers':
                due += 12;
                await answer(talk, 200, { text: '{"usage":{"prompt_tokens":7,"completion_tokens":5}}' });
                break;
              case 'refuses':
                await answer(talk, 503);
                break;
              case 'limits':
                await answer(talk, 429, { fields: [createField('Retry-After', '3')] });
                break;
              case 'errs':
                await answer(talk, 500);
                break;
              case 'cuts':
                due += promised;
                await fail(talk, closed);
                break;
              case 'breaks':
                due += promised;
                talk.tries
                  .at(-1)
                  ?.reader.head({ status: 200, reason: '', fields: [json], bodyLength: undefined });
                await fail(talk, closed);
                break;
              case 'hangs':
                due += promised;
                talk.now += 1_000;
                talk.exchange.tick(talk.now);
                await talk.settle();
            }
          }
          talk.tidy(true);
          await talk.settle();
          // One head, one end of it, one record.
          expect(talk.heads).toHaveLength(1);
          expect(talk.told().match(/ \| (?:end|cut)/g)).toHaveLength(1);
          expect(talk.records.length + talk.refused.length).toBe(1);
          expect(talk.tries.length).toBeLessThanOrEqual(Math.min(count, 1 + policy.retries));
          // In order, none twice, each with its own key alone.
          expect(places(talk)).toBe([...new Set(places(talk))].sort().join(''));
          for (const [index, { request }] of talk.tries.entries()) {
            const name = request.authority.replace('.example.com', '');
            expect(fieldOf(talk, index, 'authorization')).toBe(keyOf(name));
            expect(JSON.stringify(request).match(/key-of-./g)).toEqual([`key-of-${name}`]);
          }
          if (perDay !== undefined) {
            charged += due;
            if (charged <= perDay - promised) expect(ledger.total).toBe(charged);
            expect(ledger.total).toBeLessThanOrEqual(perDay);
          }
          clock.now += 500;
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** The exchange as a conversation between an agent and an upstream, without a socket. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import { UpstreamError } from '../../../egress/upstream/upstream-error.ts';
import { httpRoute, match } from '../../decision/http/http-policy.ts';
import { createConfig } from '../gateway-config.ts';
import { chat, script, sent, type Script } from './exchange-script.ts';
import { soon } from '../../soon.ts';

const ok = { status: 200, reason: 'OK', fields: [], bodyLength: undefined };
const unprocessed = new UpstreamError('UPSTREAM_CLOSED', 'refused stream', { unprocessed: true });
const closed = new UpstreamError('UPSTREAM_CLOSED', 'closed');

const bodyOf = (talk: Script, index: number): string =>
  Buffer.concat(talk.tries[index]?.sent ?? []).toString('latin1');
const fieldOf = (talk: Script, index: number, name: string): string | undefined =>
  talk.tries[index]?.request.fields.find((field) => field.name === name)?.value;

describe('one pass', () => {
  test('a call is judged before anything goes out, sent whole, answered and recorded once', async () => {
    const talk = script();
    talk.exchange.start();
    talk.exchange.data(Buffer.from(chat.slice(0, 10)));
    await talk.settle();
    expect(talk.tries).toHaveLength(0);
    talk.exchange.data(Buffer.from(chat.slice(10)));
    talk.exchange.end([]);
    await talk.settle();
    expect(bodyOf(talk, 0)).toBe(chat);
    expect(talk.tries[0]?.ended).toBe(true);
    talk.tries[0]?.reader.head({ ...ok, fields: [createField('Content-Type', 'text/plain')] });
    talk.tries[0]?.reader.body(Buffer.from('hello'));
    talk.tries[0]?.reader.finished([]);
    expect(talk.told()).toBe('200 hello | end');
    expect(talk.records).toHaveLength(1);
    expect(talk.refused).toHaveLength(0);
  });

  test('S58: a call that cannot be recorded is not let through', async () => {
    const talk = await sent({ admits: false });
    expect(talk.tries).toHaveLength(0);
    expect(talk.told()).toMatch(/^503 .*RECORDS_UNAVAILABLE.* \| end$/);
    expect(talk.refused).toHaveLength(1);
  });

  test.each(['TRACE', 'CONNECT'])('S23: %s is refused', async (method) => {
    const talk = await sent({ method });
    expect(talk.told()).toMatch(/^405 /);
    expect(talk.tries).toHaveLength(0);
  });

  test('S16: another Host than the connection was opened to is refused', async () => {
    const talk = await sent({ fields: [createField('Host', 'other.example.com')] });
    expect(talk.told()).toMatch(/^400 /);
    expect(talk.tries).toHaveLength(0);
  });
});

describe('attempts', () => {
  test('what the upstream did not act on is sent again, whole, on another connection', async () => {
    const talk = await sent();
    talk.tries[0]?.reader.failed(unprocessed);
    await talk.settle();
    expect(talk.tries).toHaveLength(2);
    expect(bodyOf(talk, 1)).toBe(chat);
    expect(talk.told()).toBe(' ');
    talk.tries[1]?.reader.head(ok);
    talk.tries[1]?.reader.finished([]);
    expect(talk.records).toHaveLength(1);
    expect(talk.records[0]?.events.filter(({ name }) => name === 'egress.attempt')).toHaveLength(2);
  });

  test('S49: not after the upstream has answered, not without an end, and not what it may have acted on', async () => {
    const answered = await sent();
    answered.tries[0]?.reader.head(ok);
    answered.tries[0]?.reader.body(Buffer.from('ha'));
    answered.tries[0]?.reader.failed(unprocessed);
    await answered.settle();
    expect([answered.tries.length, answered.told()]).toEqual([1, '200 ha | cut']);

    const outage = await sent();
    for (let index = 0; index < 10; index += 1) {
      talkFail(outage, index);
      await outage.settle();
    }
    expect(outage.tries).toHaveLength(3);
    expect(outage.told()).toMatch(/^502 /);

    const acted = await sent({ reused: 1 });
    acted.tries[0]?.reader.failed(closed);
    await acted.settle();
    expect(acted.tries).toHaveLength(1);
  });

  const talkFail = (talk: Script, index: number): void => talk.tries[index]?.reader.failed(unprocessed);

  test('a GET on a connection that was idle and had just been closed is sent again on a fresh one', async () => {
    const options = { method: 'GET', length: 0, host: 'files.example.com', target: '/x', reused: 5 } as const;
    const talk = script(options);
    talk.exchange.start();
    talk.exchange.end([]);
    talk.tries[0]?.reader.failed(closed);
    await talk.settle();
    expect(talk.tries).toHaveLength(2);
  });

  test('a large upload that has begun to go through is not sent twice by halves', async () => {
    const talk = script({ host: 'files.example.com', target: '/up' });
    talk.exchange.start();
    await talk.settle();
    for (let index = 0; index < 3; index += 1) talk.exchange.data(Buffer.alloc(40_000, 'x'));
    talk.tries[0]?.reader.failed(unprocessed);
    await talk.settle();
    expect(talk.tries).toHaveLength(1);
    expect(talk.told()).toMatch(/^502 /);
  });

  test('late words of a try that was given up reach nobody', async () => {
    const talk = await sent({ host: 'files.example.com' });
    const [first] = talk.tries;
    first?.reader.failed(unprocessed);
    await talk.settle();
    first?.reader.head(ok);
    first?.reader.body(Buffer.from('from the dead'));
    first?.reader.finished([]);
    expect(talk.told()).toBe(' ');
    expect(talk.records).toHaveLength(0);
  });
});

describe('S36: a new policy', () => {
  const without = (config: ReturnType<typeof createConfig>) => ({ ...config, providerRoutes: [] });
  const rekeyed = (config: ReturnType<typeof createConfig>) => ({
    ...config,
    credentials: config.credentials.map((credential) => ({
      ...credential,
      inject: { type: 'Header' as const, name: 'Authorization', value: 'Bearer sk-another-key' },
    })),
  });

  test('a call whose body is still coming goes under it, with its key and its connections', async () => {
    const talk = script();
    talk.exchange.start();
    talk.exchange.data(Buffer.from(chat.slice(0, 5)));
    talk.swap(rekeyed);
    talk.exchange.data(Buffer.from(chat.slice(5)));
    talk.exchange.end([]);
    await talk.settle();
    expect(fieldOf(talk, 0, 'authorization')).toBe('Bearer sk-another-key');
    expect(talk.tries[0]?.policy).toBe(1);
  });

  test('refuses a call whose body is still coming', async () => {
    const talk = script();
    talk.exchange.start();
    talk.exchange.data(Buffer.from(chat.slice(0, 5)));
    talk.swap(without);
    talk.exchange.data(Buffer.from(chat.slice(5)));
    talk.exchange.end([]);
    await talk.settle();
    expect(talk.tries).toHaveLength(0);
    expect(talk.told()).toMatch(/^403 /);
  });

  test.each([
    ['takes the rule away', without, true],
    ['changes the key', rekeyed, true],
    [
      'changes something else',
      (config: ReturnType<typeof createConfig>) => ({
        ...config,
        capture: { ...config.capture, maxBytes: 1 },
      }),
      false,
    ],
  ])('%s: a call that waits, or is being answered, ends at once: %#', async (_name, change, ends) => {
    const waiting = await sent();
    waiting.swap(change);
    expect(waiting.tries[0]?.aborted).toBe(ends);
    expect(waiting.told()).toMatch(ends ? /^403 .*POLICY_CHANGED/ : /^ $/);
    const answering = await sent();
    answering.tries[0]?.reader.head(ok);
    answering.tries[0]?.reader.body(Buffer.from('a'));
    answering.swap(change);
    expect(answering.told()).toBe(ends ? '200 a | cut' : '200 a');
  });
});

describe('S30: time', () => {
  test('silence is bounded, an answer that goes on is not', async () => {
    const talk = await sent();
    talk.now += 19_000;
    talk.exchange.tick(talk.now);
    talk.tries[0]?.reader.head(ok);
    for (let second = 0; second < 100; second += 1) {
      talk.now += 10_000;
      talk.tries[0]?.reader.body(Buffer.from('.'));
      talk.exchange.tick(talk.now);
    }
    expect(talk.told()).toBe(`200 ${'.'.repeat(100)}`);
    talk.now += 20_001;
    talk.exchange.tick(talk.now);
    expect(talk.told()).toContain('| cut');
    expect(talk.records[0]?.errorMessage).toBe('UPSTREAM_TIMEOUT');
  });

  test('a head that does not come is a 504', async () => {
    const talk = await sent();
    talk.now += 20_001;
    talk.exchange.tick(talk.now);
    expect(talk.told()).toMatch(/^504 /);
  });
});

type Step =
  'data' | 'end' | 'gone' | 'head' | 'body' | 'finish' | 'fail' | 'refuse' | 'tick' | 'swap' | 'settle';
const steps: readonly Step[] = [
  ...(['data', 'end', 'gone', 'head', 'body', 'finish', 'fail', 'refuse', 'tick', 'swap', 'settle'] as const),
];

function take(talk: Script, step: Step): Promise<void> | void {
  const reader = talk.tries.at(-1)?.reader;
  switch (step) {
    case 'data':
      return void talk.exchange.data(Buffer.from(chat));
    case 'end':
      return talk.exchange.end([]);
    case 'gone':
      return talk.exchange.aborted('AGENT_GONE');
    case 'head':
      return reader?.head(ok);
    case 'body':
      return void reader?.body(Buffer.from('x'));
    case 'finish':
      return reader?.finished([]);
    case 'fail':
      return reader?.failed(closed);
    case 'refuse':
      return reader?.failed(unprocessed);
    case 'tick':
      talk.now += 30_000;
      return talk.exchange.tick(talk.now);
    case 'swap':
      return talk.swap((config) => ({ ...config, credentials: [] }));
    case 'settle':
      return talk.settle();
    default:
      return step satisfies never;
  }
}

test('property: whatever comes in whatever order, one head at most, one record, nothing after the end, no throw', async () => {
  const hosts = fc.constantFrom('api.openai.com', 'files.example.com', 'nowhere.example.com');
  await fc.assert(
    fc.asyncProperty(hosts, fc.array(fc.constantFrom(...steps), { maxLength: 25 }), async (host, plan) => {
      const talk = script({ host, reused: 1 });
      talk.exchange.start();
      let ended: string | undefined;
      for (const step of plan) {
        await take(talk, step);
        const over = talk.records.length + talk.refused.length > 0;
        if (over) ended ??= talk.told();
        if (over) expect(talk.told()).toBe(ended);
      }
      await take(talk, 'gone');
      await talk.settle();
      expect(talk.heads.length).toBeLessThanOrEqual(1);
      expect(talk.records.length + talk.refused.length).toBe(1);
      // Nothing is left running at an upstream.
      const last = talk.tries.at(-1);
      await take(talk, 'data');
      expect(talk.tries.at(-1)).toBe(last);
    }),
    { numRuns: 400 },
  );
});

test('S46: a bound of a rule holds for the body as it is sent, not as it was packed', async () => {
  const base = createConfig('192.0.2.1', 443);
  const matches = [match({ methods: ['POST'], maxBodyBytes: 1_000 })];
  const config = {
    ...base,
    destinations: {
      ...base.destinations,
      rules: [
        ...base.destinations.rules,
        { ...base.destinations.rules[0]!, route: 'EgressHTTPRoute/default/web' },
      ],
    },
    httpRoutes: [httpRoute(matches)],
  };
  const text = (length: number): string => JSON.stringify({ model: 'another', x: 'a'.repeat(length) });
  const tried = async (length: number): Promise<readonly number[]> => {
    const packed = gzipSync(text(length));
    const talk = script({ config, length: packed.length, fields: [createField('Content-Encoding', 'gzip')] });
    talk.exchange.start();
    talk.exchange.data(packed);
    talk.exchange.end([]);
    await vi.waitFor(() => expect(talk.heads.length + talk.tries.length).toBe(1), soon);
    return talk.heads.map(({ status }) => status);
  };
  expect(await tried(500)).toEqual([]);
  expect(await tried(50_000)).toEqual([413]);
});

/** The columns of the matrix: what is asked of every pair, and what must come of it at the agent, the provider and the record. */
import { expect } from 'vitest';
import type { Exchange } from '../../examples/provider/index.ts';
import type { SeenRecord } from '../egress/gateway-bed.ts';
import type { Pair } from './gateway-policy.ts';
import type { SdkAsk, SdkResult } from './sdk-ask.ts';

/** What was seen of one case. */
export interface Seen {
  readonly result: SdkResult;
  readonly exchanges: readonly Exchange[];
  readonly records: readonly SeenRecord[];
}

export interface Case {
  readonly name: string;
  readonly ask: Omit<SdkAsk, 'model'>;
  /** Where the client's own SDK cannot read what is asked: what is asked instead. */
  readonly elsewise?: (pair: Pair) => Omit<SdkAsk, 'model'> | undefined;
  readonly check: (seen: Seen) => void;
  /** So many calls reach the provider. */
  readonly calls: number;
}

/** One pixel. */
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const outputs = { get_weather: '21 degrees', get_time: 'noon' };
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const weather = 'call tool get_weather with {"city":"Paris"}';
const time = 'call tool get_time with {"city":"Rome"}';
const made = [
  { name: 'get_weather', arguments: { city: 'Paris' } },
  { name: 'get_time', arguments: { city: 'Rome' } },
];
const hello = 'Hello from the stand-in. You said: "How are you?"';
const told = 'The tools said: get_weather: 21 degrees; get_time: noon';

/** The SDK told the agent what the stand-in told the gateway. */
function sameUsage({ result, exchanges }: Seen): void {
  const usage = exchanges.at(-1)?.told;
  expect(result.usage).toEqual({ input: usage?.input, output: usage?.output });
}

function says(text: string, calls: SdkResult['calls'] = []): (seen: Seen) => void {
  return (seen) => {
    expect(seen.result.error).toBeUndefined();
    expect(seen.result).toMatchObject({ text, calls });
    sameUsage(seen);
  };
}

export const cases: readonly Case[] = [
  { name: 'text', ask: { prompt: 'How are you?' }, calls: 1, check: says(hello) },
  {
    name: 'system',
    ask: { system: 'Be brief.', prompt: 'describe' },
    calls: 1,
    check: ({ result }) => expect(result.text).toContain('system: "Be brief."'),
  },
  {
    name: 'tools, turn by turn',
    ask: { prompt: `${weather}\nthen\n${time}`, outputs },
    calls: 3,
    check: says('The tools said: get_time: noon', made),
  },
  {
    name: 'parallel tools',
    ask: { prompt: `${weather}\n${time}`, outputs },
    calls: 2,
    check: says(told, made),
  },
  { name: 'stream', ask: { prompt: 'How are you?', stream: true }, calls: 1, check: says(hello) },
  {
    name: 'streamed tools',
    ask: { prompt: `say I look.\n${weather}\n${time}`, outputs, stream: true },
    calls: 2,
    check: says(told, made),
  },
  {
    name: 'odd stream',
    ask: { prompt: 'write crlf, comments, multiline, late usage\nsay 1 2 3', stream: true },
    // Google's SDKs read data that stands in one line, as Google sends it; through another upstream that is the gateway's affair.
    elsewise: ({ upstream }) =>
      upstream === 'google' ? { prompt: 'write crlf, late usage\nsay 1 2 3', stream: true } : undefined,
    calls: 1,
    check: says('1 2 3'),
  },
  {
    name: 'image',
    ask: { prompt: 'What is it?', image: png },
    calls: 1,
    check: says(`Hello from the stand-in. You said: "What is it?" I see: image image/png of 70 bytes.`),
  },
  {
    name: 'structured',
    ask: { prompt: 'Paris', schema },
    calls: 1,
    check: (seen) => {
      expect(JSON.parse(seen.result.text)).toEqual({ city: 'Paris', days: 1 });
      sameUsage(seen);
    },
  },
  {
    name: 'usage',
    ask: { prompt: 'count input 1000, cached 300, output 50, reasoning 20\nsay Well.' },
    // Those that tell writes to their caches; for how long, where a price by it is known.
    elsewise: ({ upstream }) =>
      upstream === 'anthropic' || upstream === 'bedrock-converse'
        ? {
            prompt: `count input 1000, cached 300, written 70, ${upstream === 'anthropic' ? 'written for an hour 30, ' : ''}output 50, reasoning 20\nsay Well.`,
          }
        : undefined,
    calls: 1,
    check: (seen) => {
      says('Well.')(seen);
      expect(seen.result.usage).toEqual({ input: 1000, output: 50 });
      const { attributes } = seen.records[0]!;
      const { told } = seen.exchanges[0]!;
      expect(attributes['gen_ai.usage.cache_read.input_tokens']).toBe(300);
      expect(attributes['gen_ai.usage.cache_creation.input_tokens'] ?? 0).toBe(told?.written);
    },
  },
  {
    name: 'error',
    ask: { prompt: 'fail 429' },
    calls: 1,
    check: ({ result }) => {
      expect(result.error).toMatchObject({ status: 429 });
      expect(result.error?.message).toContain('Rate limit reached');
    },
  },
  {
    name: 'retried',
    ask: { prompt: 'fail 503 once retry after 0\nsay Again.', retries: 2 },
    // What is translated reaches the provider as what another client sent before: the provider has failed it once already.
    elsewise: ({ client }) => ({
      prompt: `fail 503 once retry after 0\nsay Again.\nFor a client of ${client}.`,
      retries: 2,
    }),
    calls: 2,
    check: (seen) => {
      expect(seen.exchanges.map(({ status }) => status)).toEqual([503, 200]);
      says('Again.')(seen);
    },
  },
  {
    name: 'error in a stream',
    ask: { prompt: 'say 1 2 3 4 5\nbreak with 503 after 3', stream: true },
    calls: 1,
    check: ({ result }) => {
      expect(result.text).toBe('1 2 3');
      expect(result.error).toBeDefined();
      expect(result.error?.message).toMatch(/overloaded/i);
    },
  },
  {
    name: 'cut stream',
    ask: { prompt: 'say 1 2 3 4 5\ncut after 3', stream: true },
    calls: 1,
    check: ({ result, records }) => {
      expect(result.error).toBeDefined();
      // What was used is not known: no number is a guess.
      expect(records[0]?.attributes['clrk.usage']).toMatch(/^(?:unknown|partial)$/);
      expect(records[0]?.attributes['clrk.cost.usd']).toBeUndefined();
    },
  },
  {
    name: 'abort',
    ask: { prompt: 'say 1 2 3 4 5 6 7 8 9\npause 60 ms', stream: true, abortAfter: 2 },
    calls: 1,
    check: ({ exchanges }) => expect(exchanges.map(({ end }) => end)).toEqual(['aborted']),
  },
];

/**
 * Claude Code and Codex, unmodified from npm, in sandboxes, with the objects of docs/examples.md: they finish a task by tools that
 * they run there, answered in streams by the model they were made for and by another vendor's, and try again by themselves when they
 * are told to. Whatever else they call is refused, and they do without.
 */
import { calcPrice } from '@pydantic/genai-prices';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Exchange, RunningProvider } from '../../examples/provider/index.ts';
import type { SpanRecord } from '../../cli/index.ts';
import { codingAgents, withArguments, withModel } from './coding-agents.ts';
import { pushCodingAgents } from './coding-images.ts';
import { DevPlatform } from './dev-platform.ts';

interface Coding {
  readonly agent: 'claude-code' | 'codex';
  readonly name: string;
  /** As the provider is asked for it. */
  readonly model: string;
  readonly provider: 'anthropic' | 'openai';
  readonly path: string;
  /** The first answer of a task. */
  readonly failure: 429 | 503 | 529;
  /** Sockets that the provider opened for it, of which the first is made before there is a task. */
  readonly sockets?: number;
  readonly translated?: 'anthropic openai' | 'openai-responses anthropic';
  readonly asked?: string;
  readonly options?: readonly string[];
}

const anthropic = { provider: 'anthropic', path: '/v1/messages', failure: 529 } as const;
const cases: readonly Coding[] = [
  { agent: 'claude-code', name: 'claude-code', model: 'claude-opus-5-5', ...anthropic },
  {
    ...{ agent: 'claude-code', name: 'claude-by-gpt', model: 'gpt-5-mini', asked: 'claude-haiku-4-5' },
    ...{ provider: 'openai', path: '/v1/chat/completions', failure: 429, translated: 'anthropic openai' },
  },
  {
    ...{ agent: 'codex', name: 'codex', model: 'gpt-5.5' },
    // Of a 429 in a socket Codex ends; after a 503 it opens another one.
    ...{ provider: 'openai', path: '/v1/responses', failure: 503, sockets: 2 },
  },
  {
    ...{ agent: 'codex', name: 'codex-by-claude', model: 'claude-sonnet-4-5', asked: 'claude-sonnet-4-5' },
    ...{ ...anthropic, translated: 'openai-responses anthropic' },
    options: ['--disable', 'multi_agent', '-c', 'web_search=disabled'],
  },
];

/** What is asked for besides, and refused: by the host, or at the host that is open. */
const refused = {
  'claude-code': [
    '/api/claude_cli/bootstrap',
    '/api/claude_code/policy_limits',
    '/api/claude_code/settings',
    '/api/event_logging/v2/batch',
    '/api/hello',
  ],
  codex: ['ab.chatgpt.com', 'chatgpt.com'],
} as const;

let platform: DevPlatform;
let provider: RunningProvider;
let key: string;

beforeAll(async () => {
  platform = await DevPlatform.open();
  provider = await platform.provider();
  key = await platform.providerKey();
  await pushCodingAgents(platform.home);
  const objects = codingAgents();
  const agents = cases.flatMap(({ agent, name, asked, options = [] }) => {
    const own = objects.find(({ kind, metadata }) => kind === 'TaskAgent' && metadata.name === agent);
    const other = own && asked !== undefined ? withModel(own, name, asked) : own;
    return other === undefined ? [] : [withArguments(other, options)];
  });
  await platform.apply(...objects.filter(({ kind }) => kind !== 'TaskAgent'));
  await platform.ready('egressgateway/coding');
  await platform.agents(...agents);
}, 600_000);

afterAll(async () => {
  await provider.close();
  await platform[Symbol.asyncDispose]();
});

/** A file that one tool writes and another reads, who runs it and where, and what it has for a key. */
function taskOf({ agent, failure }: Coding): string {
  const shown = 'cat note.txt; id -u; cat /proc/version; env | grep API_KEY=';
  const call = (tool: string, input: object): string => `call tool ${tool} with ${JSON.stringify(input)}`;
  const steps =
    agent === 'codex'
      ? [
          call('exec_command', { cmd: 'echo written by a tool > note.txt' }),
          call('exec_command', { cmd: shown }),
        ]
      : [
          call('Write', { file_path: '/home/agent/note.txt', content: 'written by a tool\n' }),
          call('Bash', { command: shown, description: 'Shows it' }),
        ];
  return `fail ${failure} once retry after 1\n${steps.join('\nthen\n')}`;
}

/** Of the calls that reached the provider: all that the record tells is what the provider told. */
function expectRecords(records: readonly SpanRecord[], exchanges: readonly Exchange[], each: Coding): void {
  const calls = records.map(({ attributes }) => attributes);
  const told = exchanges.map(({ status, told: usage }) => {
    const tokens = { input_tokens: usage?.input ?? 0, output_tokens: usage?.output ?? 0 };
    const price = usage && calcPrice(tokens, each.model, { providerId: each.provider })?.total_price;
    return { status: String(status), input: usage?.input, output: usage?.output, price: price?.toFixed(9) };
  });
  const number = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));
  expect(
    calls.map((call) => ({
      status: call['http.response.status_code'],
      input: number(call['gen_ai.usage.input_tokens']),
      output: number(call['gen_ai.usage.output_tokens']),
      price: number(call['clrk.cost.usd'])?.toFixed(9),
    })),
  ).toEqual(told);
  expect(told.filter(({ status }) => status === '200').every(({ price }) => Number(price) > 0)).toBe(true);
  expect(calls.every((call) => String(call['gen_ai.request.stream']) === 'true')).toBe(true);
  const ways = calls.map((call) => [call['clrk.translation.from'], call['clrk.translation.to']].join(' '));
  expect(new Set(ways)).toEqual(new Set([each.translated ?? ' ']));
}

test.each(cases)(
  '$name',
  async (each) => {
    const before = provider.received().length;
    const { id, status, text } = await platform.call(each.name, {
      body: taskOf(each),
      headers: { 'content-type': 'text/plain' },
    });
    expect(status).toBe(200);
    // The model's last word is what the tool said.
    expect(text).toContain('written by a tool');
    // As a user that is not root, on gVisor's kernel.
    expect(text).toMatch(/65532.*Linux version 4\.4\.0 #1 SMP .* 2016.*API_KEY=placeholder/s);
    expect(text).not.toContain(key);
    const received = provider.received().slice(before);
    const exchanges = received.filter((call) => call.status !== 101);
    const prepared = each.sockets === undefined ? [] : [200];
    expect(exchanges.map((call) => [call.provider, call.path, call.status, call.key, call.end])).toEqual(
      [...prepared, each.failure, 200, 200, 200].map((code) => [
        each.provider,
        each.path,
        code,
        key,
        'whole',
      ]),
    );
    if (each.sockets !== undefined) expect(received).toHaveLength(exchanges.length + each.sockets);
    expect(JSON.stringify(exchanges.map(({ headers }) => headers))).not.toContain('placeholder');
    const records = await platform.trace(each.name, id);
    const decided = records.filter(({ attributes }) => attributes['clrk.decision'] !== undefined);
    const isAllowed = ({ attributes }: SpanRecord): boolean => attributes['clrk.decision'] === 'allow';
    const isSocket = ({ attributes }: SpanRecord): boolean =>
      String(attributes['http.response.status_code']) === '101';
    const allowed = decided.filter(isAllowed);
    expect(allowed.filter(isSocket)).toHaveLength(received.length - exchanges.length);
    expectRecords(
      allowed.filter((record) => !isSocket(record)),
      exchanges,
      each,
    );
    const denied = decided.filter((record) => !isAllowed(record)).map(({ attributes }) => attributes);
    const names = denied.map((call) => call['url.path'] ?? call['server.address']);
    expect(names).toEqual(expect.arrayContaining([...refused[each.agent]]));
    // By a socket no other API is spoken: Codex falls back to POST.
    expect(names.filter((name) => name === '/v1/responses').length).toBeLessThan(10);
  },
  180_000,
);

/**
 * Agents in five languages, with SDKs as their makers ship them and a placeholder for a key, started in every way there is: each call
 * reaches the provider through the TLS-terminating gateway with the real key, and its answer comes back to whoever asked. What was
 * seen is written to docs/agents.json, of which docs/agents.md is made.
 */
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Exchange, RunningProvider } from '../../examples/provider/index.ts';
import { agentWays } from '../../scripts/agent-page.ts';
import { DevPlatform } from './dev-platform.ts';
import {
  agentName,
  callModes,
  daemonOf,
  matrixPrograms,
  openProvider,
  taskOf,
  type CallMode,
  type Program,
} from './program-agents.ts';
import { pushPrograms } from './program-images.ts';

type Way = (typeof agentWays)[number];

let platform: DevPlatform;
let provider: RunningProvider;
let key: string;
/** By program, in their order. */
const seen = new Map<string, Set<Way>>();

beforeAll(async () => {
  platform = await DevPlatform.open();
  provider = await platform.provider();
  key = await platform.providerKey();
  await pushPrograms(platform.home);
  await platform.apply(
    ...openProvider('anthropic', 'x-api-key'),
    ...openProvider('google', 'x-goog-api-key'),
  );
}, 600_000);

afterAll(async () => {
  await provider.close();
  await platform[Symbol.asyncDispose]();
});

/** What the stand-in got of this question, at this program's provider. */
function exchangesOf(question: string): readonly Exchange[] {
  return provider.received().filter(({ body }) => body.includes(question));
}

/** Each was let in by the real key, at the provider that was meant, and nothing of the placeholder came along. */
function expectLetIn(exchanges: readonly Exchange[], { provider: name }: Program): void {
  for (const exchange of exchanges) {
    expect(exchange).toMatchObject({ provider: name, key, status: 200 });
    expect(JSON.stringify(exchange)).not.toContain('placeholder');
  }
}

/** One waits. */
async function waits(program: Program, mode: CallMode): Promise<void> {
  const path = '--for=jsonpath={.status.warmSandboxes}=1';
  await platform.must('wait', path, '--timeout=120s', `taskagent/${agentName(program, mode)}`);
}

/** The run's own span: in what sandbox it was, and how far that one had been before. */
async function recordOf(agent: string, id: string) {
  const spans = await platform.trace(agent, id);
  const run = spans.find(({ name }) => name === 'sandbox.invoke');
  const mode = run?.attributes['clrk.sandbox.warm_mode'] ?? 'cold';
  return { mode, sandbox: run?.attributes['clrk.sandbox.id'] };
}

async function run(program: Program, mode: CallMode, words: string) {
  const agent = agentName(program, mode);
  if (mode !== 'cold') await waits(program, mode);
  const question = `${words} of ${agent}`;
  const { id, status, text } = await platform.call(agent, {
    body: question,
    headers: { 'content-type': 'text/plain' },
  });
  expect({ status, text: text.trim() }).toEqual({
    status: 200,
    text: `Hello from the stand-in. You said: "${question}"`,
  });
  const exchanges = exchangesOf(question);
  expect(exchanges).toHaveLength(1);
  expectLetIn(exchanges, program);
  const record = await recordOf(agent, id);
  expect(record.mode).toBe(mode);
  return record;
}

describe.each(matrixPrograms)('$name', (program) => {
  const ways = new Set<Way>();
  const calls = callModes.map((mode) => taskOf(program, mode));
  const question = `Anything new for ${agentName(program, 'daemon')}?`;

  beforeAll(async () => {
    seen.set(program.title, ways);
    await platform.apply(daemonOf(program, question));
    await platform.agents(...calls);
  }, 120_000);

  afterAll(async () => {
    const names = callModes.map((mode) => `taskagent/${agentName(program, mode)}`);
    const daemon = `daemonagent/${agentName(program, 'daemon')}`;
    await platform.kubectl('delete', '--ignore-not-found', ...names, daemon);
  });

  test.each(callModes)(
    '%s',
    async (mode) => {
      const first = await run(program, mode, 'Who are you?');
      if (mode === 'Resident') expect(await run(program, mode, 'And now?')).toEqual(first);
      ways.add(mode);
    },
    240_000,
  );

  test.concurrent(
    'daemon',
    async () => {
      // It says what it heard: the answer has come back to it.
      await vi.waitFor(() => expect(exchangesOf(question)).toHaveLength(2), {
        timeout: 120_000,
        interval: 100,
      });
      const exchanges = exchangesOf(question);
      expectLetIn(exchanges, program);
      expect(exchanges[1]?.body).toContain('Heard: Hello from the stand-in. You said: ');
      ways.add('daemon');
    },
    240_000,
  );
});

test('the page of agents tells what was seen (npm run matrix writes it anew)', async () => {
  const rows = [...seen].map(([agent, ways]) => ({ agent, ways: agentWays.filter((way) => ways.has(way)) }));
  const text = await format(JSON.stringify(rows), { parser: 'json', printWidth: 110 });
  await expect(text).toMatchFileSnapshot('../../docs/agents.json');
});

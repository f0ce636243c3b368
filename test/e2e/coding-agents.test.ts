/** Claude Code and Codex */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningProvider } from '../../examples/provider/index.ts';
import { codingAgents, withModel } from './coding-agents.ts';
import { pushCodingAgents } from './coding-images.ts';
import { DevPlatform } from './dev-platform.ts';

let platform: DevPlatform;
let provider: RunningProvider;

beforeAll(async () => {
  platform = await DevPlatform.open();
  provider = await platform.provider();
  await pushCodingAgents(platform.home);
  const objects = codingAgents();
  await platform.apply(...objects);
  const claude = objects.find(
    ({ kind, metadata }) => kind === 'TaskAgent' && metadata.name === 'claude-code',
  );
  await platform.apply(withModel(claude!, 'claude-by-gpt', 'claude-haiku-4-5'));
  await platform.ready(
    'egressgateway/coding',
    'taskagent/claude-code',
    'taskagent/claude-by-gpt',
    'taskagent/codex',
  );
}, 600_000);

afterAll(async () => {
  await provider.close();
  await platform[Symbol.asyncDispose]();
});

const tasks: Record<string, string> = {
  'claude-code': `fail 529 once retry after 1
call tool Write with {"file_path":"/home/agent/note.txt","content":"written in a sandbox\\n"}
then
call tool Bash with {"command":"cat note.txt; id -u; echo $ANTHROPIC_API_KEY; uname -a","description":"x"}`,
  'claude-by-gpt': `fail 429 once retry after 1
call tool Write with {"file_path":"/home/agent/note.txt","content":"written in a sandbox\\n"}
then
call tool Bash with {"command":"cat note.txt; id -u; echo $ANTHROPIC_API_KEY; uname -a","description":"x"}`,
  codex: `fail 429 once retry after 1
call tool exec_command with {"cmd":"echo written in a sandbox > note.txt; cat note.txt; id -u; echo $OPENAI_API_KEY"}`,
};

test.each(Object.keys(tasks))(
  '%s',
  async (name) => {
    const before = provider.received().length;
    const start = Date.now();
    const answer = await platform.call(name, {
      body: tasks[name]!,
      headers: { 'content-type': 'text/plain' },
    });
    const took = Date.now() - start;
    const records = await platform.trace(name, answer.id);
    writeFileSync(
      `/tmp/cc/e2e-${name}.json`,
      JSON.stringify({ took, answer, records, ex: provider.received().slice(before) }, null, 1),
    );
    expect(answer.status).toBe(200);
  },
  120_000,
);

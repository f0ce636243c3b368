import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { deleteNamespace, runInNamespace } from '../../../worker/network/router-namespace.ts';
import { renderRuleset } from '../../../worker/network/ruleset.ts';
import { runCommand } from '../../../worker/system/command.ts';

const rules = renderRuleset({ tcp: 1001, metadata: 1002, dns: 1003 });

test('S10: the kernel takes the rules twice, and their last words are reject and drop', async () => {
  const name = `clrk-rules-${randomUUID().slice(0, 8)}`;
  await runCommand('ip', ['netns', 'add', name]);
  try {
    await runInNamespace(name, 'nft', ['-f', '-'], rules);
    await runInNamespace(name, 'nft', ['-f', '-'], rules);
    const listed = await runInNamespace(name, 'nft', ['list', 'table', 'inet', 'clrk'], '');
    expect(listed.match(/policy drop/g)).toHaveLength(2);
    expect(listed.match(/tproxy ip to/g)).toHaveLength(2);
    expect(listed.match(/reject/g)).toHaveLength(2);
  } finally {
    await deleteNamespace(name);
  }
});

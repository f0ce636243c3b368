/** docs/agents.md is what the last run of the agents' matrix saw, no more and no less. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentPage, agentWays } from '../../scripts/agent-page.ts';
import { readAgents } from '../../scripts/generate.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';

test('the page of agents is committed as it is generated (npm run generate)', () => {
  const committed = readFileSync(join(repositoryRoot, 'docs/agents.md'), 'utf8');
  expect(committed).toBe(agentPage(readAgents(repositoryRoot)));
});

test('no run left a field empty', () => {
  const rows = readAgents(repositoryRoot);
  expect(rows).toEqual(rows.map(({ agent }) => ({ agent, ways: [...agentWays] })));
});

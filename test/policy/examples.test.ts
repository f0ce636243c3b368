/** docs/examples.md as a newcomer takes it: every manifest is one that validate and the API take. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { judge } from './judge.ts';

const page = readFileSync(join(repositoryRoot, 'docs/examples.md'), 'utf8');
const manifests = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
/** What an example leaves to its reader. */
const advice = new Set(['image-without-digest', 'missing-limits']);
/** What an example is about, and the page says. */
const told = [
  { rule: 'gateway-asks', object: 'EgressGateway agents/ask' },
  { rule: 'gateway-audits', object: 'EgressGateway agents/look' },
];

test('the examples are whole and break no rule', () => {
  expect(manifests.length).toBeGreaterThan(3);
  const found = judge(manifests.join('---\n')).filter(({ rule }) => !advice.has(rule));
  expect(found.map(({ rule, object }) => ({ rule, object }))).toEqual(told);
});

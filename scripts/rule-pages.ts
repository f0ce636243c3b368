/** docs/rules: one page a rule of policy/, made of the rule's own data and of the fixtures its test runs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleTexts, type RuleText } from '../policy/index.ts';

const header = '<!-- Generated from policy/ by `npm run generate`. Do not edit. -->\n';
// A CustomResourceDefinition is no example to read.
const maxExampleLines = 60;

function example(root: string, id: string, name: 'bad' | 'good'): string[] {
  const path = join(root, 'test/policy/rules', id, `${name}.yaml`);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8').trimEnd();
  if (text.split('\n').length > maxExampleLines) return [];
  return ['', name === 'bad' ? '## Refused' : '## Accepted', '', '```yaml', text, '```'];
}

function page(root: string, { id, severity, title, why, fix, promises = [] }: RuleText): string {
  const security =
    promises.length === 0 ? [] : ['', `Keeps ${promises.join(', ')} of the security reference.`];
  const lines = [
    `# ${id}`,
    '',
    `**${title}.** Severity: ${severity}.`,
    '',
    why,
    '',
    `**What to do.** ${fix}`,
    ...security,
  ];
  return `${header}\n${[...lines, ...example(root, id, 'bad'), ...example(root, id, 'good')].join('\n')}\n`;
}

/** File name to text. */
export function rulePages(root: string): Map<string, string> {
  const rows = ruleTexts.map(({ id, severity, title }) => `| [${id}](${id}.md) | ${severity} | ${title} |`);
  const index = [
    '# Rules of `clrk validate`',
    '',
    'The same rules run in `cdk8s synth` (validation plugin), in CI and, where one object is enough to judge, at admission.',
    'A finding can be waived in one namespace, for at most 90 days:',
    '`clrk waive RULE KIND/NAMESPACE/NAME --reason … --owner … --expires 30d`. Without a namespace it is for the default one.',
    '',
    '| rule | severity | what |',
    '|---|---|---|',
    ...rows,
  ];
  const pages = ruleTexts.map((rule) => [`${rule.id}.md`, page(root, rule)] as const);
  return new Map([['README.md', `${header}\n${index.join('\n')}\n`], ...pages]);
}

/** Every rule a report can name, with where its page is. */
import { inputRules } from '../input-rules.ts';
import type { RuleText } from '../rule.ts';
import { rules } from '../rules/index.ts';

export const ruleTexts: readonly RuleText[] = [...inputRules, ...rules];

/** Below the repository's root. */
export function docsPath(rule: string): string {
  return `docs/rules/${rule}.md`;
}

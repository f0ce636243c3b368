/** A rule over the arguments of a tool that no gateway can read. */
import { faultOfArgumentExpression } from '../../decision/index.ts';
import type { Found, Rule } from '../rule.ts';
import type { Item } from '../world.ts';

function found({ manifest, spec }: Item<'MCPRoute'>): Found[] {
  const policies = (spec.rules ?? []).flatMap(({ filters = [] }, rule) =>
    filters.map(({ toolPolicy }, filter) => ({ toolPolicy, at: ['spec', 'rules', rule, 'filters', filter] })),
  );
  return policies.flatMap(({ toolPolicy, at }) =>
    (toolPolicy?.argumentRules ?? []).flatMap(({ expression }, index) => {
      const fault = faultOfArgumentExpression(expression);
      if (fault === undefined) return [];
      const path = [...at, 'toolPolicy', 'argumentRules', index, 'expression'];
      return [{ manifest, path, message: `the expression cannot be read: ${fault}` }];
    }),
  );
}

export const argumentRuleUnreadable: Rule = {
  id: 'argument-rule-unreadable',
  severity: 'error',
  title: 'A rule over the arguments of a tool that cannot be read',
  why: 'What says with which arguments a tool may be called, and cannot be read, refuses every call of its tools (503).',
  fix: 'Write CEL of type bool over `arguments`: operators, has, size, int, double, all, exists, exists_one, filter, contains, startsWith, endsWith, matches, lowerAscii, upperAscii, with searched texts written out and conditions about their own element.',
  *check(world) {
    for (const route of world.own('MCPRoute')) yield* found(route);
  },
};

/** A rule that no call reaches, because an earlier one takes them all. */
import { coversGlobs } from '../glob-cover.ts';
import type { Rule } from '../rule.ts';
import type { Item } from '../world.ts';

type ProviderRule = Item<'AIProviderRoute'>['spec']['rules'][number];
type Match = NonNullable<ProviderRule['matches']>[number];

function covers(wide: Match, narrow: Match): boolean {
  return (
    wide.provider === narrow.provider &&
    coversGlobs(wide.models ?? [], narrow.models ?? []) &&
    coversGlobs(wide.endpoints ?? [], narrow.endpoints ?? [])
  );
}

/** The index of the earlier rule that takes each match; undefined: the rule is reached. */
function shadowOf(rule: ProviderRule, earlier: readonly ProviderRule[]): number | undefined {
  const matches = rule.matches ?? [];
  const takers = matches.map((match) =>
    earlier.findIndex((each) => each.matches?.some((wide) => covers(wide, match))),
  );
  return matches.length === 0 || takers.includes(-1) ? undefined : Math.max(...takers);
}

export const routeShadowed: Rule = {
  id: 'route-shadowed',
  severity: 'warn',
  title: 'A rule that no call reaches, because an earlier one takes them all',
  why: 'Rules are tried in order and the first that matches applies: the budget, the Backends and the filters of this one are never used.',
  fix: 'Put the narrower rule first, or remove the one that is not reached.',
  *check(world) {
    for (const { manifest, spec } of world.own('AIProviderRoute')) {
      for (const [index, rule] of spec.rules.entries()) {
        const shadow = shadowOf(rule, spec.rules.slice(0, index));
        if (shadow === undefined) continue;
        const message = `rules[${index}] is never reached: rules[${shadow}] takes everything it names`;
        yield { manifest, path: ['spec', 'rules', index], message };
      }
    }
  },
};

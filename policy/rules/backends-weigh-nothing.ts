/** A rule that sends its calls to Backends of which none gets any. */
import type { Rule } from '../rule.ts';
import { routeKinds } from '../topology.ts';

export const backendsWeighNothing: Rule = {
  id: 'backends-weigh-nothing',
  severity: 'error',
  title: 'A rule whose Backends all have weight 0',
  why: 'A Backend of weight 0 gets no calls. Where every Backend of a rule has it, the rule takes its calls and has nowhere to send them: all are refused.',
  fix: 'Give one Backend a weight of 1 or more, or remove the rule.',
  *check(world) {
    for (const { manifest, spec } of routeKinds.flatMap((kind) => world.own(kind))) {
      for (const [place, rule] of (spec.rules ?? []).entries()) {
        const { backendRefs = [] } = { backendRefs: undefined, ...rule };
        if (backendRefs.length === 0 || backendRefs.some(({ weight = 1 }) => weight > 0)) continue;
        const path = ['spec', 'rules', place, 'backendRefs'];
        yield { manifest, path, message: 'every Backend has weight 0: each call of the rule is refused' };
      }
    }
  },
};

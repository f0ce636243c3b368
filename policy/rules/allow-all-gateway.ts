/** A gateway that lets everything out. */
import type { Rule } from '../rule.ts';

export const allowAllGateway: Rule = {
  id: 'allow-all-gateway',
  severity: 'error',
  title: 'A gateway that lets everything out',
  why: 'With defaultPolicy allow-all an agent that was talked into something may send anything anywhere; routes then only decide what is inspected.',
  fix: 'Use deny-all and a route for what the agents need. `clrk reach` shows what that is.',
  promises: ['S52'],
  *check(world) {
    for (const { manifest, spec } of world.own('EgressGateway')) {
      if (spec.defaultPolicy !== 'allow-all') continue;
      yield {
        manifest,
        path: ['spec', 'defaultPolicy'],
        message: 'defaultPolicy allow-all opens every public destination',
      };
    }
  },
  admission: [
    {
      resources: ['egressgateways'],
      expression: "!has(object.spec.defaultPolicy) || object.spec.defaultPolicy != 'allow-all'",
      message: 'defaultPolicy allow-all opens every public destination: use deny-all and routes',
    },
  ],
};

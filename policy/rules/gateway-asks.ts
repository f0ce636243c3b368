/** A gateway that asks a person about whatever no route opens. */
import type { Rule } from '../rule.ts';

export const gatewayAsks: Rule = {
  id: 'gateway-asks',
  severity: 'warn',
  title: 'A gateway that asks a person about whatever no route opens',
  why: 'With onUnlisted Ask an agent chooses what persons are asked: who is asked often says yes without reading, and one yes sends what the agent wrote to a host nobody reviewed. What is needed each day is better a route.',
  fix: 'Write routes for what is allowed again and again (`clrk approvals list` and the records name it); remove onUnlisted where nobody looks at approvals.',
  promises: ['S52'],
  *check(world) {
    for (const { manifest, spec } of world.own('EgressGateway')) {
      if (spec.onUnlisted !== 'Ask') continue;
      const message = 'onUnlisted Ask lets a person open any public destination, call by call';
      yield { manifest, path: ['spec', 'onUnlisted'], message };
    }
  },
};

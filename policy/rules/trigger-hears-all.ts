/** An agent that whatever happens in its namespace sets off: its own consequences, too. */
import type { Rule } from '../rule.ts';

/** Nothing of the name is fixed before the rest is open. */
function isBroad(subject: string): boolean {
  const [first] = subject.split('.');
  return first === '>' || first === '*';
}

export const triggerHearsAll: Rule = {
  id: 'trigger-hears-all',
  severity: 'warn',
  title: 'An agent that any event of its namespace sets off',
  why: 'Whoever reaches the ingress may publish events in any namespace. A trigger whose subject begins with a wildcard hears those meant for other agents and those nobody thought of when it was written, runs for each of them, and takes their text as its input.',
  fix: 'Begin the subject with a name, such as orders.> or mail.*; write a trigger for each kind of event that the agent is for (8 at most).',
  *check(world) {
    for (const { manifest, spec } of world.own('TaskAgent')) {
      for (const [index, { subject }] of (spec.triggers ?? []).entries()) {
        if (!isBroad(subject)) continue;
        const message = `the trigger on \`${subject}\` hears events of every kind`;
        yield { manifest, path: ['spec', 'triggers', index, 'subject'], message };
      }
    }
  },
};

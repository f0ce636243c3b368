/** An agent whose executions share a process: what one is given, the next can read. */
import type { Rule } from '../rule.ts';

export const runsShareProcess: Rule = {
  id: 'runs-share-process',
  severity: 'warn',
  title: 'An agent whose executions share a process',
  why: 'With warmPoolMode Resident one process serves many executions. Its memory and /tmp are theirs together: what one caller sends, the next one’s execution can read, and what one leaves running goes on in the next one’s name and budget. Connections are not shared, and no two executions run at once.',
  fix: 'Use warmPoolMode Started, which is as quick for an agent that waits for its input; or waive this for an agent whose callers may know of each other.',
  *check(world) {
    for (const { manifest, spec } of world.own('TaskAgent')) {
      if (spec.warmPoolMode !== 'Resident') continue;
      const message = 'executions of this agent share a process and /tmp, one after another';
      yield { manifest, path: ['spec', 'warmPoolMode'], message };
    }
  },
};

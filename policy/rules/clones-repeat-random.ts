/** An agent whose executions begin in the same memory, its random state included. */
import type { Rule } from '../rule.ts';

export const clonesRepeatRandom: Rule = {
  id: 'clones-repeat-random',
  severity: 'warn',
  title: 'An agent whose executions repeat each other’s random numbers',
  why: 'With warmPoolMode Snapshot each execution begins in one and the same memory. What a program has seeded by then gives all of them the same: Math.random(), crypto.randomBytes() and randomUUID() of Node, everything OpenSSL makes (keys of TLS connections too), random of Python, $RANDOM of a shell. Names, tokens and nonces made of them are not unique and can be guessed by whoever has seen another execution. Only what asks the kernel each time (/dev/urandom, os.urandom, secrets and uuid4 of Python) differs.',
  fix: 'Use warmPoolMode Started, which boots each one by itself; or ship /.clrk/on-restore in the image, a program that makes the agent reseed after each restore, and waive this.',
  *check(world) {
    for (const { manifest, spec } of world.own('TaskAgent')) {
      if (spec.warmPoolMode !== 'Snapshot') continue;
      const message = 'executions of this agent repeat each other’s random numbers';
      yield { manifest, path: ['spec', 'warmPoolMode'], message };
    }
  },
};

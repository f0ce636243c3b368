/** An agent without limits of its own. */
import { isObject, type Json } from '../manifest/json.ts';
import type { Rule } from '../rule.ts';

/** As written: what the API server adds by itself is not in the review. */
function lacks(spec: Json | undefined, path: readonly string[]): boolean {
  let value: Json | undefined = spec;
  for (const part of path) value = isObject(value) ? value[part] : undefined;
  return value === undefined || value === 0 || value === '0';
}

const limits = {
  TaskAgent: [['resources', 'cpu'], ['resources', 'memory'], ['timeout'], ['maxConcurrent']],
  DaemonAgent: [
    ['resources', 'cpu'],
    ['resources', 'memory'],
  ],
} as const;

export const missingLimits: Rule = {
  id: 'missing-limits',
  severity: 'warn',
  title: 'An agent without limits of its own',
  why: 'What is not limited is unlimited when something goes wrong: without maxConcurrent one caller can fill every worker, and defaults that are not written down change without a review.',
  fix: 'Write resources.cpu, resources.memory, timeout and maxConcurrent.',
  *check(world) {
    for (const kind of ['TaskAgent', 'DaemonAgent'] as const) {
      for (const { manifest } of world.own(kind)) {
        const missing = limits[kind]
          .filter((path) => lacks(manifest.spec, path))
          .map((path) => path.join('.'));
        if (missing.length > 0) yield { manifest, path: ['spec'], message: `no ${missing.join(', ')}` };
      }
    }
  },
};

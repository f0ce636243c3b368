/** Reports of usage that come in parts, over several events of a stream: what a later one does not name stays. Pure. */
import type { Usage } from './form.ts';

const names = ['input', 'output', 'cacheRead', 'cacheCreation', 'reasoning'] as const;

export const noUsage: Usage = {
  input: undefined,
  output: undefined,
  cacheRead: undefined,
  cacheCreation: undefined,
  reasoning: undefined,
};

export function mergeUsage(known: Usage = noUsage, later: Usage): Usage {
  const told = names.filter((name) => later[name] !== undefined).map((name) => [name, later[name]]);
  return { ...known, ...(Object.fromEntries(told) as Partial<Usage>) };
}

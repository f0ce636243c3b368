/** How the copies of a pod's records arrive, of how those of each of its processes do. Pure. */
import type { ExportState } from '../../contract/index.ts';

/** What is wrong with one is told, and what has arrived from one has arrived. */
export function combineExports(states: readonly ExportState[]): ExportState | undefined {
  if (states.length === 0) return undefined;
  const fault = states.find((state) => state.fault !== undefined)?.fault;
  return {
    losing: states.some(({ losing }) => losing),
    arrived: states.some(({ arrived }) => arrived),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** By name of the sink. undefined: there is none. */
export function combineSinks(
  states: ReadonlyArray<Readonly<Record<string, ExportState>>>,
): Readonly<Record<string, ExportState>> | undefined {
  const names = [...new Set(states.flatMap((each) => Object.keys(each)))].sort();
  const combined = names.flatMap((name) => {
    const state = combineExports(states.flatMap((each) => each[name] ?? []));
    return state === undefined ? [] : [[name, state] as const];
  });
  return combined.length === 0 ? undefined : Object.fromEntries(combined);
}

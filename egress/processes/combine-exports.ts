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

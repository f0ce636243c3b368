/** Which of a rule's ways a call goes: by weight, and the same for all calls of an invocation. Pure. */
import type { Way } from './provider-clause.ts';

/** FNV-1a: the same invocation keeps its backend (the original's sticky weights). */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}

/** By weight; a single way needs none. */
export function chooseWay(ways: readonly Way[], key: string): Way | undefined {
  if (ways.length < 2) return ways[0];
  const weightOf = ({ backend }: Way): number => backend?.weight ?? 1;
  const total = ways.reduce((sum, way) => sum + weightOf(way), 0);
  let point = total === 0 ? 0 : hash(key) % total;
  return ways.find((way) => {
    point -= weightOf(way);
    return point < 0;
  });
}

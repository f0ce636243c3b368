/** The way out goes one way: no circle of folders, no memory beside the policy, no second home of a rule. */
import { describe, expect, test } from 'vitest';
import { circleIn, folderGraph } from '../../scripts/folder-graph.ts';
import { readSourceFiles } from '../../scripts/source-files.ts';

const files = readSourceFiles();
const inside = (...tops: string[]) =>
  files.filter(({ path }) => tops.some((top) => path.startsWith(`${top}/`)));

describe('folders', () => {
  test.each(['egress', 'decision'])('%s/ has no circle', (top) => {
    expect(circleIn(folderGraph(files, top))).toEqual([]);
  });

  test('a circle is found', () => {
    const file = (path: string, to: string) => ({ path, text: `import { a } from '${to}';` });
    const circle = [file('x/a/1.ts', '../b/1.ts'), file('x/b/1.ts', '../c.ts'), file('x/c.ts', './a/2.ts')];
    expect(circleIn(folderGraph(circle, 'x'))).toEqual(['a', 'b', 'c', 'a']);
  });
});

/** A cache of a module outlives the policy it was filled under. Sets and maps that are written once are tables. */
const cache =
  /^(?:export )?(?:const|let) \w+ = new (?:WeakMap|WeakSet|LRUCache|Map(?:<[^>]*>)?\(\)|Set(?:<[^>]*>)?\(\))/m;

test('egress/ and decision/ remember nothing beside the policy', () => {
  expect(
    inside('egress', 'decision')
      .filter(({ text }) => cache.test(text))
      .map(({ path }) => path),
  ).toEqual([]);
  expect(cache.test('const known = new WeakMap<Peer, Verdict>();')).toBe(true);
  expect(cache.test('const table = new Map([[1, 2]]);')).toBe(false);
});

/** What only `decision/` may ask for to decide about a call; the worker asks for names and connections, at its own end. */
const primitives = ['denialOf', 'judgeAddress'];
const homes = ['contract', 'decision', 'worker'];

test('the rules of calls have one home', () => {
  const second = files
    .filter(({ path }) => !path.startsWith('test/') && !homes.some((home) => path.startsWith(`${home}/`)))
    .filter(({ text }) => primitives.some((name) => new RegExp(`\\b${name}\\(`).test(text)))
    .map(({ path }) => path);
  expect(second).toEqual([]);
});

test('the kind of an object is a type, never the beginning of a text', () => {
  const byPrefix = /startsWith\(\s*['"`](?:EgressL4Route|EgressHTTPRoute|AIProviderRoute|MCPRoute)\b/;
  const found = files.filter(({ path, text }) => !path.startsWith('test/') && byPrefix.test(text));
  expect(found.map(({ path }) => path)).toEqual([]);
});

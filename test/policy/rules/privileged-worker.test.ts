/** What of a WorkerPool decides which code runs privileged. */
import { expect, test } from 'vitest';
import { documents, judge, object } from '../judge.ts';

const pool = (template: string): string => object('WorkerPool', 'p', `{ template: { ${template} } }`);
const found = (template: string): readonly (string | undefined)[] =>
  judge(documents(pool(template))).flatMap(({ rule, path }) => (rule === 'privileged-worker' ? [path] : []));

test.each([
  ['the platform’s image', 'image: clrk.apoxy.dev/clrk:0.1.0', []],
  ['a mirror by digest', `image: r.example/x/clrk@sha256:${'a'.repeat(64)}`, []],
  ['the original’s worker image', 'image: ghcr.io/example/clrk-worker:v1', []],
  ['another image', 'image: x/w:1', ['spec.template.image']],
  ['a name that only ends so', 'image: x/evilclrk:1', ['spec.template.image']],
  ['a plain variable', 'image: a/clrk, env: [{ name: TZ, value: UTC }]', []],
  ['a loader’s variable', 'image: a/clrk, env: [{ name: A, value: b }, { name: NODE_OPTIONS, value: c }]', ['spec.template.env[1]']],
  ['a folder of the node', 'image: a/clrk, extraVolumes: [{ name: v, hostPath: { path: / } }]', ['spec.template.extraVolumes[0]']],
  ['an empty volume', 'image: a/clrk, extraVolumes: [{ name: v, emptyDir: {} }]', []],
])('%s', (_what, template, paths) => {
  expect(found(template)).toEqual(paths);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseManifests, readManifests } from '../../cli/manifest-files.ts';

const agent = 'apiVersion: clrk.apoxy.dev/v1alpha1\nkind: TaskAgent\nmetadata: {name: hello}\n';
const names = (text: string): string[] =>
  parseManifests(text, 'f').map((each) => `${each.kind}/${each.metadata.name}`);

describe('parseManifests', () => {
  test.each([
    ['one document', agent, ['TaskAgent/hello']],
    [
      'several, with empty ones',
      `---\n${agent}---\n---\n# nothing\n---\n${agent}`,
      ['TaskAgent/hello', 'TaskAgent/hello'],
    ],
    ['JSON', '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}', ['Secret/s']],
    [
      'a List',
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n`,
      ['Secret/s'],
    ],
    ['nothing', '', []],
  ])('%s', (_, text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  test.each([
    ['no kind', 'apiVersion: v1\nmetadata: {name: x}\n'],
    ['no name', 'apiVersion: v1\nkind: Secret\nmetadata: {}\n'],
    ['not an object', '- 1\n- 2\n'],
    ['not YAML', 'a: [\n'],
  ])('%s is refused with the file’s name', (_, text) => {
    expect(() => parseManifests(text, 'x.yaml')).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_INVALID',
        message: expect.stringContaining('x.yaml') as string,
      }),
    );
  });

  test('S46: aliases that would expand without end are refused', () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`,
    );
    expect(() => parseManifests(`l0: &l0 [x]\n${levels.join('\n')}\n`, 'f')).toThrow(/alias/i);
  });
});

describe('readManifests', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'clrk-apply-'));
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'a.yaml'), agent);
    writeFileSync(join(folder, 'b.yml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n');
    writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [a.yaml]\n');
    writeFileSync(join(folder, 'notes.txt'), 'not a manifest');
    writeFileSync(
      join(folder, 'deep', 'c.json'),
      '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}',
    );
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const kinds = (paths: readonly string[], recursive: boolean, stdin = ''): string[] =>
    readManifests(paths, recursive, stdin).map((each) => each.kind);

  test('a directory, what others need first, without the kustomization', () => {
    expect(kinds([folder], false)).toEqual(['Namespace', 'TaskAgent']);
    expect(kinds([folder], true)).toEqual(['Namespace', 'TaskAgent', 'Secret']);
  });

  test('stdin', () => {
    expect(kinds(['-'], false, agent)).toEqual(['TaskAgent']);
  });

  test('nothing there', () => {
    const usage = expect.objectContaining({ code: 'USAGE' }) as Error;
    expect(() => kinds([join(folder, 'none.yaml')], false)).toThrow(usage);
    expect(() => kinds(['-'], false, '')).toThrow(usage);
  });
});

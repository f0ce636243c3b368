import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { developmentRuns } from '../../../cli/cluster/development.ts';
import { chooseKubeconfig } from '../../../cli/cluster/kubeconfig-choice.ts';

const base = { environment: {}, homeDirectory: '/home/u', developmentRuns: () => false };

describe('chooseKubeconfig', () => {
  test.each([
    [
      'the flag wins',
      { flag: '/f', environment: { KUBECONFIG: '/e' }, developmentRuns: () => true },
      ['/f'],
      'flag',
    ],
    [
      'then KUBECONFIG',
      { environment: { KUBECONFIG: '/e' }, developmentRuns: () => true },
      ['/e'],
      'environment',
    ],
    ['a list in KUBECONFIG', { environment: { KUBECONFIG: '/a::/b' } }, ['/a', '/b'], 'environment'],
    [
      'then the running development platform',
      { developmentRuns: () => true },
      ['/home/u/.clrk/kubeconfig'],
      'development',
    ],
    [
      'of CLRK_HOME',
      { environment: { CLRK_HOME: '/c' }, developmentRuns: (home: string) => home === '/c' },
      ['/c/kubeconfig'],
      'development',
    ],
    ['then kubectl’s own', {}, ['/home/u/.kube/config'], 'default'],
    ['an empty KUBECONFIG is none', { environment: { KUBECONFIG: '' } }, ['/home/u/.kube/config'], 'default'],
  ])('%s', (_, question, paths, because) => {
    expect(chooseKubeconfig({ ...base, ...question })).toEqual({ paths, because });
  });
});

describe('developmentRuns', () => {
  const homes: string[] = [];
  afterEach(() => {
    for (const home of homes.splice(0)) rmSync(home, { recursive: true });
  });
  function home(state: string | undefined, kubeconfig = true): string {
    const path = mkdtempSync(join(tmpdir(), 'clrk-cli-'));
    homes.push(path);
    if (kubeconfig) writeFileSync(join(path, 'kubeconfig'), '');
    if (state !== undefined) writeFileSync(join(path, 'dev.json'), state);
    return path;
  }

  test.each([
    ['a living supervisor', JSON.stringify({ supervisor: { pid: process.pid } }), true],
    ['no supervisor', '{}', false],
    ['a dead one', JSON.stringify({ supervisor: { pid: 2 ** 22 + 1 } }), false],
    ['a file cut in half', '{"supervisor":', false],
    ['no file', undefined, false],
  ])('%s: %s', (_, state, expected) => {
    expect(developmentRuns(home(state))).toBe(expected);
  });

  test('without a kubeconfig there is nothing to use', () => {
    expect(developmentRuns(home(JSON.stringify({ supervisor: { pid: process.pid } }), false))).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import type { Deployment, WorkerPool } from '../../operator/kind.ts';
import { managedLabels } from '../../operator/owner.ts';
import type { KubeObject } from '../../operator/runtime/index.ts';
import { isUnusedAccount, workerServiceAccount } from '../../operator/workerpool/account.ts';
import { manifest } from './manifest.ts';

const ours = workerServiceAccount('default', 'clrk-worker');
const withMetadata = (more: object): KubeObject => ({ ...ours, metadata: { ...ours.metadata, ...more } });
const poolNaming = (account?: string): WorkerPool =>
  manifest('WorkerPool', 'p', {
    template: { image: 'x:1', ...(account === undefined ? {} : { serviceAccountName: account }) },
  }) as unknown as WorkerPool;
const deploymentNaming = (account: string): Deployment => ({
  metadata: { namespace: 'default', name: 'p-workers' },
  spec: { template: { spec: { serviceAccountName: account } } },
});

describe('the account that pools share', () => {
  const cases: ReadonlyArray<readonly [string, boolean, Parameters<typeof isUnusedAccount>]> = [
    ['goes with the last pool', true, [ours, [], []]],
    ['stays with a pool that names none', false, [ours, [poolNaming()], []]],
    ['stays with a pool that names it', false, [ours, [poolNaming('clrk-worker')], []]],
    ['goes where every pool names another', true, [ours, [poolNaming('mine')], [deploymentNaming('mine')]]],
    ['stays for workers of a pool that cannot be read', false, [ours, [], [deploymentNaming('clrk-worker')]]],
    ['is not deleted twice', false, [withMetadata({ deletionTimestamp: '2026-01-01T00:00:00Z' }), [], []]],
    ['is left where a person made it', false, [withMetadata({ labels: {} }), [], []]],
    [
      'is left where another role made it',
      false,
      [withMetadata({ labels: managedLabels('gateway') }), [], []],
    ],
    ['is not there', false, [undefined, [], []]],
  ];
  it.each(cases)('%s', (_title, gone, observed) => {
    expect(isUnusedAccount(...observed)).toBe(gone);
  });
});

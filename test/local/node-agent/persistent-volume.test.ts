import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim } from '../../../local/kube/object.ts';
import { volumeFor } from '../../../local/node-agent/persistent-volume.ts';

const claim: PersistentVolumeClaim = {
  metadata: { name: 'data', namespace: 'clrk-system', uid: 'u1' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
};

describe('volumeFor', () => {
  it('offers a host directory bound to exactly this claim, kept when the claim goes', () => {
    expect(volumeFor(claim, '/h')).toMatchObject({
      metadata: { name: 'clrk-u1' },
      spec: {
        capacity: { storage: '5Gi' },
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: '/h/clrk-system/data' },
        claimRef: { namespace: 'clrk-system', name: 'data', uid: 'u1' },
      },
    });
  });

  it.each<[string, PersistentVolumeClaim]>([
    ['is bound', { ...claim, status: { phase: 'Bound' } }],
    ['names its volume', { ...claim, spec: { ...claim.spec, volumeName: 'x' } }],
    ['is being deleted', { ...claim, metadata: { ...claim.metadata, deletionTimestamp: 'now' } }],
  ])('offers nothing to a claim that %s', (_title, each) => {
    expect(volumeFor(each, '/h')).toBeUndefined();
  });
});

/**
 * Gives every claim a volume: a hostPath PersistentVolume bound to it by name, the controller manager does the rest.
 * Pure; the node agent creates what it returns. The data stays when the claim goes (Retain), so that nothing here can
 * delete what somebody wanted to keep.
 */
import { join } from 'node:path';
import type { PersistentVolumeClaim } from '../kube/object.ts';

export function volumeName(claim: PersistentVolumeClaim): string {
  return `clrk-${claim.metadata.uid ?? claim.metadata.name}`;
}

function needsVolume({ metadata, spec, status }: PersistentVolumeClaim): boolean {
  const named = spec.volumeName !== undefined && spec.volumeName !== '';
  return status?.phase !== 'Bound' && !named && metadata.deletionTimestamp === undefined;
}

/** Undefined when the claim has a volume already or names one itself. */
export function volumeFor(claim: PersistentVolumeClaim, volumesRoot: string): object | undefined {
  const { metadata, spec } = claim;
  if (!needsVolume(claim)) return undefined;
  const namespace = metadata.namespace ?? 'default';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName(claim), labels: { 'clrk.apoxy.dev/local': 'true' } },
    spec: {
      capacity: { storage: spec.resources?.requests?.['storage'] ?? '1Gi' },
      accessModes: spec.accessModes ?? ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: spec.storageClassName ?? '',
      hostPath: { path: join(volumesRoot, namespace, metadata.name), type: 'DirectoryOrCreate' },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
    },
  };
}

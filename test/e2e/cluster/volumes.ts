/**
 * Volumes for a cluster that provisions none: a default class of local volumes, directories of this machine, which is its
 * only node. Where the cluster has a class, nothing is made.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cluster } from './cluster.ts';

/** What NATS and telemetry claim, once for each way of installing that the proof goes through. */
const sizes = ['8Gi', '20Gi'];
const rounds = 3;
const storageClass = 'clrk-e2e-local';

interface NodeList {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

export async function provideVolumes(cluster: Cluster): Promise<void> {
  const classes = await cluster.must(['get', 'storageclass', '-o', 'name']);
  if (classes.trim() !== '') return;
  // Inside the cluster's own state, so that they go with it.
  const folder = join(dirname(dirname(cluster.kubeconfig)), 'state', 'e2e-volumes');
  const nodes = JSON.parse(await cluster.must(['get', 'nodes', '-o', 'json'])) as NodeList;
  const node = nodes.items[0]?.metadata.name ?? '';
  const wanted = Array.from({ length: rounds }, (_, round) => sizes.map((size) => ({ round, size }))).flat();
  const volumes = wanted.map(async ({ round, size }) => {
    const name = `clrk-e2e-${size.toLowerCase()}-${round}`;
    const path = join(folder, name);
    await mkdir(path, { recursive: true });
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: size },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: storageClass,
        // Unlike hostPath, the kubelet gives it to the pod's fsGroup.
        local: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
            ],
          },
        },
      },
    };
  });
  const defaultClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: storageClass, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
  await cluster.apply([defaultClass, ...(await Promise.all(volumes))]);
}

/** The Node object and its Lease as the local node reports them. Pure. */
import { cpus, totalmem } from 'node:os';
import type { Subnet } from '../subnet.ts';

export const nodeLeaseNamespace = 'kube-node-lease';
export const kubeletPort = 10250;

export interface NodeFacts {
  readonly name: string;
  readonly subnet: Subnet;
  readonly kubernetesVersion: string;
}

export function nodeManifest({ name, subnet }: NodeFacts): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
      },
    },
    spec: { podCIDR: subnet.podCidr, podCIDRs: [subnet.podCidr], providerID: `clrk-dev://${name}` },
  };
}

export function nodeStatus({ name, subnet, kubernetesVersion }: NodeFacts, now: Date, since: Date): object {
  const resources = {
    cpu: String(cpus().length),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: String(subnet.podAddresses.length),
  };
  const condition = (type: string, status: string, reason: string, message: string): object => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now.toISOString(),
    lastTransitionTime: since.toISOString(),
  });
  return {
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [
        { type: 'InternalIP', address: subnet.nodeAddress },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      nodeInfo: {
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        operatingSystem: 'linux',
        kubeletVersion: `v${kubernetesVersion}`,
        containerRuntimeVersion: 'clrk-node-agent://1',
        osImage: 'CLRK local node',
        kernelVersion: '',
        bootID: '',
        machineID: '',
        systemUUID: '',
        kubeProxyVersion: '',
      },
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'not measured on the local node'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'not measured on the local node'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'not measured on the local node'),
        condition('Ready', 'True', 'KubeletReady', 'the node agent runs'),
      ],
    },
  };
}

export function leaseManifest(name: string, now: Date): object {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: nodeLeaseNamespace },
    // Lease times carry microseconds.
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: 40,
      renewTime: now.toISOString().replace('Z', '000Z'),
    },
  };
}

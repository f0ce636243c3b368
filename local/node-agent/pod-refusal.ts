/**
 * Why the local node does not run a pod. It has one program, the platform's own, and no container runtime: anything
 * else must be refused where the author sees it (container status and event), not half-run.
 */
import { platformImage } from '../../contract/index.ts';
import type { Container, Pod } from '../kube/object.ts';

export interface Refusal {
  /** A container waiting reason, as kubelet words them. */
  readonly reason: string;
  readonly message: string;
}

function containerRefusal(container: Container): Refusal | undefined {
  if (container.image !== platformImage) {
    return {
      reason: 'ErrImageNeverPull',
      message: `the local node runs only ${platformImage}, not ${container.image}; agents run in sandboxes of a WorkerPool`,
    };
  }
  if (container.command !== undefined && container.command.length > 0) {
    return {
      reason: 'CreateContainerConfigError',
      message: 'the local node does not replace the image’s command',
    };
  }
  if (container.envFrom !== undefined && container.envFrom.length > 0) {
    return { reason: 'CreateContainerConfigError', message: 'the local node does not support envFrom' };
  }
  return undefined;
}

export function refusalOf(pod: Pod): Refusal | undefined {
  if ((pod.spec.initContainers ?? []).length > 0) {
    return { reason: 'CreateContainerConfigError', message: 'the local node does not run init containers' };
  }
  for (const container of pod.spec.containers) {
    const refusal = containerRefusal(container);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

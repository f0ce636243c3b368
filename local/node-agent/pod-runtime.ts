/**
 * One pod on this node: its material, address and containers, and what can be observed of them. It performs single
 * steps when told to and decides nothing (`planPods` does). Closing it leaves its directory, so that a pod outlives a
 * stop of the platform.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../contract/index.ts';
import type { Container, Pod, Service } from '../kube/object.ts';
import type { GuardedCommand } from '../supervisor/guarded-spawn.ts';
import { backOffMs, containerBackOff } from '../supervisor/back-off.ts';
import { resolveArguments, resolveEnvironment, type EnvironmentSources } from './container-environment.ts';
import { ContainerProcess } from './container-process.ts';
import { anyRunning, type ContainerObservation, type PodObservation } from './pod-observation.ts';
import { podDirectory, removeDirectory } from './pod-directory.ts';
import {
  providePodMaterial,
  refreshPodToken,
  tokenSeconds,
  type DataMap,
  type MaterialContext,
  type PodMaterial,
} from './pod-material.ts';

export interface PodRuntimeContext extends Omit<MaterialContext, 'folder' | 'podAddress'> {
  readonly podsRoot: string;
  readonly logsRoot: string;
  /** The program and leading arguments that stand for the platform image's entry point. */
  readonly entryPoint: readonly string[];
  /** Added to every container: what the image would bring (PATH with runsc). */
  readonly imageEnvironment: Readonly<Record<string, string>>;
  readonly servicesOf: (namespace: string) => readonly Service[];
  readonly onChange: () => void;
  readonly onEvent: (pod: Pod, reason: string, message: string) => void;
  readonly onPid: (key: string, pid: number | undefined) => void;
}

const configReason = 'CreateContainerConfigError';

/** Kubernetes names hold no underscore: the parts can be told apart again. */
export function podLogName(namespace: string, pod: string, container: string): string {
  return `${namespace}_${pod}_${container}.log`;
}

export class PodRuntime {
  readonly pod: Pod;
  readonly folder: string;
  readonly #context: PodRuntimeContext;
  readonly #containers = new Map<string, ContainerProcess>();
  #material: PodMaterial | undefined;
  #tokenTimer: NodeJS.Timeout | undefined;
  #state: Omit<PodObservation, 'containers'>;
  #failures = 0;

  constructor(pod: Pod, address: string, context: PodRuntimeContext) {
    const { name, namespace = 'default', uid = '' } = pod.metadata;
    this.pod = pod;
    this.folder = podDirectory(context.podsRoot, uid);
    this.#context = context;
    this.#state = { uid, namespace, name, stage: 'preparing', address };
    for (const container of pod.spec.containers) this.#addContainer(container.name);
  }

  get observation(): PodObservation {
    const containers = new Map<string, ContainerObservation>();
    for (const [name, container] of this.#containers) containers.set(name, container.observation);
    return { ...this.#state, containers };
  }

  logPath(container: string): string | undefined {
    return this.#containers.get(container)?.logPath;
  }

  async prepare(): Promise<void> {
    const { blocked: _, ...state } = this.#state;
    this.#state = state;
    try {
      this.#material = await providePodMaterial(this.pod, this.#materialContext());
      this.#state = { ...this.#state, stage: 'prepared', preparedAt: Date.now() };
      this.#scheduleToken((tokenSeconds * 1000 * 4) / 5);
    } catch (error) {
      this.#failures += 1;
      const message = errorMessage(error);
      const blocked = {
        reason: configReason,
        message,
        retryAt: Date.now() + backOffMs(containerBackOff, this.#failures),
      };
      this.#state = { ...this.#state, blocked };
      if (this.#failures === 3) this.#context.onEvent(this.pod, 'Failed', message);
    }
    this.#context.onChange();
  }

  start(containerName: string): void {
    const spec = this.pod.spec.containers.find(({ name }) => name === containerName);
    if (spec === undefined || this.#material === undefined) return;
    try {
      const command = this.#command(spec, this.#material);
      this.#containers.get(containerName)?.start(command, this.#state.address ?? '');
    } catch (error) {
      // Something the environment names has gone since: prepare again.
      const blocked = { reason: configReason, message: errorMessage(error), retryAt: Date.now() + 1_000 };
      this.#state = { ...this.#state, stage: 'preparing', blocked };
      this.#context.onChange();
    }
  }

  #command(spec: Container, material: PodMaterial): GuardedCommand {
    const mounts = new Map<string, string>();
    for (const { name, mountPath, subPath = '' } of spec.volumeMounts ?? []) {
      const directory = material.directories.get(name);
      if (directory !== undefined) mounts.set(mountPath, join(directory, subPath));
    }
    const environment = this.#environment(spec, material, mounts);
    const [command = process.execPath, ...leading] = this.#context.entryPoint;
    const args = [...leading, ...resolveArguments(spec, environment, mounts)];
    return { command, args, environment, cwd: this.folder };
  }

  terminate(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): void {
    if (this.#state.terminatingSince !== undefined) return;
    this.#state = { ...this.#state, terminatingSince: Date.now() };
    for (const container of this.#containers.values()) container.terminate(signal);
  }

  kill(): void {
    for (const container of this.#containers.values()) container.kill();
  }

  /** Removes directory and logs; only after `close()`. */
  remove(): void {
    removeDirectory(this.folder);
    for (const { logPath } of this.#containers.values()) {
      rmSync(logPath, { force: true });
      rmSync(`${logPath}.1`, { force: true });
    }
  }

  /** Only when nothing runs any more. */
  close(): void {
    clearTimeout(this.#tokenTimer);
    for (const container of this.#containers.values()) container.close();
  }

  /**
   * INT, then KILL after `graceMs`; resolves when nothing runs. Not TERM, after which a pod goes on until others know that it goes:
   * here everybody goes.
   */
  async stop(graceMs: number): Promise<void> {
    this.terminate('SIGINT');
    const deadline = Date.now() + graceMs;
    while (anyRunning(this.observation)) {
      if (Date.now() > deadline) this.kill();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    this.close();
  }

  #addContainer(name: string): void {
    const spec = this.pod.spec.containers.find((container) => container.name === name);
    if (spec === undefined) return;
    // A container that ran before this agent started has been restarted, as after a reboot of a node.
    const before = this.pod.status?.containerStatuses?.find((status) => status.name === name);
    const restarts = before?.containerID === undefined ? 0 : before.restartCount + 1;
    const { namespace, name: podName } = this.#state;
    const logPath = join(this.#context.logsRoot, podLogName(namespace, podName, name));
    this.#containers.set(
      name,
      new ContainerProcess(spec, logPath, restarts, {
        onChange: this.#context.onChange,
        onEvent: (reason, message) => this.#context.onEvent(this.pod, reason, message),
        onPid: (pid) => this.#context.onPid(`pod/${this.#state.namespace}/${this.#state.name}/${name}`, pid),
      }),
    );
  }

  #environment(
    spec: Container,
    material: PodMaterial,
    mounts: ReadonlyMap<string, string>,
  ): Record<string, string> {
    const text = (data: DataMap | undefined): ReadonlyMap<string, string> | undefined =>
      data === undefined
        ? undefined
        : new Map([...data].map(([key, value]) => [key, value.toString('utf8')]));
    const sources: EnvironmentSources = {
      pod: this.pod,
      podAddress: this.#state.address ?? '',
      nodeName: this.#context.nodeName,
      nodeAddress: this.#context.nodeAddress,
      configMap: (name) => text(material.configMaps.get(name)),
      secret: (name) => text(material.secrets.get(name)),
      services: this.#context.servicesOf(this.#state.namespace),
      mounts,
    };
    const resolved = resolveEnvironment(spec, sources);
    return {
      ...this.#context.imageEnvironment,
      HOME: this.folder,
      HOSTNAME: this.#state.name,
      KUBECONFIG: material.kubeconfig,
      ...resolved,
    };
  }

  #materialContext(): MaterialContext {
    return { ...this.#context, folder: this.folder, podAddress: this.#state.address ?? '' };
  }

  #scheduleToken(delayMs: number): void {
    this.#tokenTimer = setTimeout(() => {
      refreshPodToken(this.pod, this.#materialContext()).then(
        () => this.#scheduleToken((tokenSeconds * 1000 * 4) / 5),
        // The old token has a fifth of its life left; the API server may just be away.
        () => this.#scheduleToken(30_000),
      );
    }, delayMs).unref();
  }
}

/**
 * The control plane's processes as one thing to start and stop: etcd, nats-server and registry together, then
 * kube-apiserver, then kube-controller-manager; stopped the other way round. Failing to start stops what had started.
 */
import type { Log } from '../log.ts';
import type { ProcessIdentity } from '../process-identity.ts';
import type { ChildEvents, ChildSpec } from '../supervisor/child.ts';
import { SupervisedChild } from '../supervisor/child.ts';
import { controlPlaneChildren, type ControlPlaneInput } from './children.ts';

export interface ControlPlaneEvents {
  readonly log: Log;
  readonly onIdentity: (name: string, identity: ProcessIdentity | undefined) => void;
  /** Wraps each start, to show progress. */
  readonly step: (name: string, work: () => Promise<void>) => Promise<void>;
}

// kube-apiserver takes 4 s on two idle cores (toolchain.md); a busy machine gets a minute.
const startTimeoutMs = 60_000;

export class ControlPlane {
  readonly #input: ControlPlaneInput;
  readonly #events: ControlPlaneEvents;
  readonly #children: SupervisedChild[] = [];

  constructor(input: ControlPlaneInput, events: ControlPlaneEvents) {
    this.#input = input;
    this.#events = events;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { independent, apiServer, controllerManager } = controlPlaneChildren(this.#input);
    const [etcd, ...others] = independent.map((spec) => this.#launch(spec, signal));
    // Every start must have settled before an error is thrown, or stop() would miss a late child.
    const api = (etcd ?? Promise.resolve()).then(() => this.#launch(apiServer, signal));
    const settled = await Promise.allSettled([etcd, ...others, api]);
    for (const result of settled) if (result.status === 'rejected') throw result.reason;
    await this.#launch(controllerManager, signal);
  }

  status(): readonly { readonly name: string; readonly running: boolean; readonly restarts: number }[] {
    return this.#children.map(({ spec, running, restarts }) => ({ name: spec.name, running, restarts }));
  }

  async stop(): Promise<void> {
    const named = (...names: string[]): SupervisedChild[] =>
      this.#children.filter(({ spec }) => names.includes(spec.name));
    for (const group of [named('kube-controller-manager'), named('kube-apiserver'), this.#children]) {
      await Promise.all(group.map((child) => child.stop()));
    }
  }

  #launch(spec: ChildSpec, signal: AbortSignal): Promise<void> {
    const events: ChildEvents = {
      onIdentity: this.#events.onIdentity,
      onRestart: (name, exit, delayMs) =>
        this.#events.log.warn({ child: name, exit, delayMs }, 'control-plane process ended, restarting'),
    };
    const child = new SupervisedChild(spec, events);
    this.#children.push(child);
    return this.#events.step(spec.name, () => child.start(startTimeoutMs, signal));
  }
}

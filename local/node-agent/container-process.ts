/**
 * One container: a process with its log and probes. It starts, reports every change, and ends; whether to start again
 * is the plan's decision. When its main process ends, whatever is left in its process group is killed.
 */
import { constants } from 'node:os';
import type { ChildProcess } from 'node:child_process';
import type { Container } from '../kube/object.ts';
import { containerBackOff, failuresAfter } from '../supervisor/back-off.ts';
import { guardedSpawn, type GuardedCommand } from '../supervisor/guarded-spawn.ts';
import { RotatingLog } from '../supervisor/rotating-log.ts';
import { absentContainer, type ContainerObservation } from './pod-observation.ts';
import { ProbeRunner } from './probe-runner.ts';

export interface ContainerEvents {
  readonly onChange: () => void;
  readonly onEvent: (reason: string, message: string) => void;
  /** Called before every start and after every end, so that a crash of ours leaves a record of the process. */
  readonly onPid: (pid: number | undefined) => void;
}

// A liveness failure gives the process as long as the pod's default grace to end by itself.
const unhealthyGraceMs = 10_000;

export class ContainerProcess {
  readonly logPath: string;
  readonly #container: Container;
  readonly #events: ContainerEvents;
  readonly #log: RotatingLog;
  #observation: ContainerObservation;
  #child: ChildProcess | undefined;
  #probes: ProbeRunner | undefined;

  constructor(container: Container, logPath: string, restartCount: number, events: ContainerEvents) {
    this.#container = container;
    this.logPath = logPath;
    this.#log = new RotatingLog(logPath);
    this.#events = events;
    this.#observation = { ...absentContainer, restartCount };
  }

  get observation(): ContainerObservation {
    return this.#observation;
  }

  /** Does nothing while it runs. */
  start(command: GuardedCommand, address: string): void {
    if (this.#child !== undefined) return;
    const startedAt = Date.now();
    const restartCount = this.#observation.restartCount + (this.#observation.lastExit === undefined ? 0 : 1);
    // As when the platform stops: whoever would send work here goes too.
    const child = guardedSpawn(command, this.#log, 'INT');
    this.#child = child;
    this.#observation = {
      ...this.#observation,
      running: true,
      started: false,
      ready: false,
      startedAt,
      restartCount,
      ...(child.pid === undefined ? {} : { pid: child.pid }),
    };
    this.#events.onPid(child.pid);
    child.once('error', (error) => {
      this.#events.onEvent('Failed', error.message);
      if (child.pid === undefined) this.#ended(child, 128, undefined);
    });
    child.once('exit', (code, signal) => this.#ended(child, code, signal ?? undefined));
    this.#probe(address);
    this.#events.onEvent('Started', `Started container ${this.#container.name}`);
    this.#events.onChange();
  }

  terminate(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): void {
    this.#probes?.close();
    this.#child?.kill(signal);
  }

  kill(): void {
    this.#killGroup();
  }

  close(): void {
    this.#probes?.close();
    this.#log.close();
  }

  #probe(address: string): void {
    this.#probes = new ProbeRunner(this.#container, address, {
      onStarted: () => this.#update({ started: true }),
      onReady: (ready) => this.#update({ ready }),
      onUnhealthy: (message) => {
        this.#events.onEvent('Unhealthy', message);
        const child = this.#child;
        this.terminate();
        setTimeout(() => {
          if (this.#child === child) this.#killGroup();
        }, unhealthyGraceMs).unref();
      },
    });
    this.#probes.start();
  }

  #update(change: Partial<ContainerObservation>): void {
    const next = { ...this.#observation, ...change };
    if (next.ready === this.#observation.ready && next.started === this.#observation.started) return;
    this.#observation = next;
    this.#events.onChange();
  }

  #killGroup(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody is left in the group.
    }
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | undefined): void {
    if (this.#child !== child) return;
    this.#killGroup();
    this.#child = undefined;
    this.#probes?.close();
    const { startedAt = Date.now(), failures } = this.#observation;
    const finishedAt = Date.now();
    const number = signal === undefined ? undefined : constants.signals[signal];
    this.#observation = {
      ...this.#observation,
      running: false,
      ready: false,
      started: false,
      failures: failuresAfter(containerBackOff, failures, finishedAt - startedAt),
      // A signal's exit code is 128 + its number, as a shell and containerd have it.
      lastExit: {
        startedAt,
        finishedAt,
        exitCode: code ?? 128 + (number ?? 0),
        ...(number === undefined ? {} : { signal: number }),
      },
    };
    this.#events.onPid(undefined);
    this.#events.onChange();
  }
}

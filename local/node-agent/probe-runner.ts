/**
 * Asks a container's probes while it runs. Apart from `probe-state.ts`, which judges the answers. A closed runner never
 * reports again.
 */
import { get } from 'node:http';
import { connect } from 'node:net';
import type { Container, Probe } from '../kube/object.ts';
import { initialProbeState, nextProbeState, probeTiming, type ProbeState } from './probe-state.ts';

export interface ProbeEvents {
  readonly onStarted: () => void;
  readonly onReady: (ready: boolean) => void;
  readonly onUnhealthy: (message: string) => void;
}

function portOf(container: Container, port: number | string): number {
  if (typeof port === 'number') return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port);
}

/** Undefined when it passes, else why not. */
function askProbe(container: Container, probe: Probe, address: string): Promise<string | undefined> {
  const { timeoutMs } = probeTiming(probe);
  const { httpGet, tcpSocket } = probe;
  return new Promise((resolve) => {
    if (httpGet !== undefined) {
      const target = {
        host: httpGet.host ?? address,
        port: portOf(container, httpGet.port),
        path: httpGet.path ?? '/',
      };
      const request = get({ ...target, timeout: timeoutMs, agent: false }, (response) => {
        const { statusCode = 0 } = response;
        response.destroy();
        // Kubelet: 200 ≤ status < 400 passes.
        resolve(
          statusCode >= 200 && statusCode < 400
            ? undefined
            : `HTTP probe failed with statuscode: ${statusCode}`,
        );
      });
      request.on('timeout', () => request.destroy(new Error('timeout')));
      request.on('error', (error) => resolve(`HTTP probe failed: ${error.message}`));
    } else if (tcpSocket !== undefined) {
      const socket = connect({ host: address, port: portOf(container, tcpSocket.port), timeout: timeoutMs });
      const done = (why?: string): void => {
        socket.destroy();
        resolve(why);
      };
      socket.once('connect', () => done());
      socket.once('timeout', () => done('TCP probe timed out'));
      socket.once('error', (error) => done(error.message));
    } else {
      // exec and gRPC probes: nothing of ours has them; a pod with one must still be able to run.
      resolve(undefined);
    }
  });
}

export class ProbeRunner {
  readonly #container: Container;
  readonly #address: string;
  readonly #events: ProbeEvents;
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = false;

  constructor(container: Container, address: string, events: ProbeEvents) {
    this.#container = container;
    this.#address = address;
    this.#events = events;
  }

  start(): void {
    const { startupProbe } = this.#container;
    if (startupProbe === undefined) return this.#afterStartup();
    this.#loop(startupProbe, initialProbeState(false), (state, failure) => {
      if (state.passing) {
        this.#afterStartup();
        return false;
      }
      if (state.against === 0 && failure !== undefined)
        return this.#countStartupFailure(startupProbe, failure);
      return true;
    });
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #startupFailures = 0;

  #countStartupFailure(probe: Probe, failure: string): boolean {
    this.#startupFailures += 1;
    if (this.#startupFailures < (probe.failureThreshold ?? 3)) return true;
    this.#events.onUnhealthy(`Startup probe failed: ${failure}`);
    return false;
  }

  #afterStartup(): void {
    this.#events.onStarted();
    const { readinessProbe, livenessProbe } = this.#container;
    if (readinessProbe === undefined) this.#events.onReady(true);
    else {
      this.#loop(readinessProbe, initialProbeState(false), (state) => {
        this.#events.onReady(state.passing);
        return true;
      });
    }
    if (livenessProbe === undefined) return;
    this.#loop(livenessProbe, initialProbeState(true), (state, failure) => {
      if (state.passing) return true;
      this.#events.onUnhealthy(`Liveness probe failed: ${failure ?? ''}`);
      return false;
    });
  }

  /** Asks once a period until `judge` says false. */
  #loop(probe: Probe, first: ProbeState, judge: (state: ProbeState, failure?: string) => boolean): void {
    const { initialDelayMs, periodMs } = probeTiming(probe);
    let state = first;
    const ask = async (): Promise<void> => {
      const failure = await askProbe(this.#container, probe, this.#address);
      if (this.#closed) return;
      state = nextProbeState(state, failure === undefined, probe);
      // While a readiness or startup probe has not passed yet, ask more often: a start must not wait out a 10 s period.
      const waitMs = state.passing ? periodMs : Math.min(periodMs, 250);
      if (judge(state, failure)) this.#later(ask, first.passing ? periodMs : waitMs);
    };
    this.#later(ask, initialDelayMs);
  }

  #later(ask: () => Promise<void>, delayMs: number): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void ask();
    }, delayMs);
    this.#timers.add(timer);
  }
}

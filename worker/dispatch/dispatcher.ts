/**
 * Calls to runs: admits or refuses at once, counts what is running, ends it when the worker
 * stops. It decides nothing itself; admission and the run do.
 */
import type { PoolRevision } from '../../contract/index.ts';
import type { PoolPolicy } from '../pool-policy.ts';
import { admit } from './admission.ts';
import type { Call } from './call.ts';
import type { AdmittedImage, AdmittedInvocation } from './admitted-image.ts';
import { DispatchError, sendError } from './dispatch-error.ts';
import { InvocationRun, type InvocationRunOptions } from './invocation-run.ts';

export interface DispatcherOptions {
  readonly policy: PoolPolicy;
  readonly imageOf: (namespace: string, revision: PoolRevision) => AdmittedImage | undefined;
  readonly run: InvocationRunOptions;
  /** There is room for the events of so many calls. */
  readonly canRecord: (calls: number) => boolean;
  /** Sandboxes of daemons: they take places too. */
  readonly daemons: () => number;
  /** How many are running has changed. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

interface Running {
  readonly agentId: string;
  readonly done: Promise<void>;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #running = new Map<InvocationRun, Running>();
  #draining = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  inFlight(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { agentId } of this.#running.values()) counts[agentId] = (counts[agentId] ?? 0) + 1;
    return counts;
  }

  take(call: Call): void {
    let admitted: AdmittedInvocation;
    try {
      admitted = this.#admit(call);
    } catch (error) {
      return this.#refuse(error, call);
    }
    const run = new InvocationRun(this.#options.run, admitted, call);
    const done = run.run().then(() => {
      this.#running.delete(run);
      this.#options.onChange();
    }, this.#options.onError);
    this.#running.set(run, { agentId: admitted.agentId, done });
    this.#options.onChange();
  }

  #admit(call: Call): AdmittedInvocation {
    const { policy, imageOf, canRecord, daemons } = this.#options;
    return admit<AdmittedImage>(
      {
        config: policy.config,
        draining: this.#draining,
        capacity: policy.capacity,
        canRecord: canRecord(this.#running.size + 1),
        running: this.#running.size + daemons(),
        runningOf: (id) => this.inFlight()[id] ?? 0,
        imageOf,
      },
      call.headers,
    );
  }

  #refuse(error: unknown, call: Call): void {
    if (!(error instanceof DispatchError)) this.#options.onError(error);
    const refusal =
      error instanceof DispatchError
        ? error
        : new DispatchError('SANDBOX_FAILED', 'admission failed', 'See the worker log.');
    // The body is not read: the connection ends with the answer.
    sendError(call.answer, refusal, { connection: 'close' });
    void call.answer.finished().then(() => call.close());
  }

  /** Refuses whatever comes from now on. */
  refuseNew(): void {
    this.#draining = true;
  }

  /** Waits for what is running, and cuts it after so long. */
  async drain(drainMs: number): Promise<void> {
    const runs = [...this.#running];
    const timer = setTimeout(() => {
      for (const [run] of runs) run.stop('drain');
    }, drainMs);
    await Promise.all(runs.map(([, { done }]) => done));
    clearTimeout(timer);
  }
}

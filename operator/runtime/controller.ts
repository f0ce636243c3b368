/**
 * One controller: a queue, its workers, and the rules of retry. A reconcile is level-based: it gets a key, never an
 * event. It returns when to look again, throws to be retried with back-off, or throws TerminalError to be left alone.
 */
import { ClrkError, errorMessage } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import type { Metrics } from './metrics.ts';
import { PendingRead } from './on-demand.ts';
import { WorkQueue } from './work-queue.ts';

export interface ReconcileResult {
  readonly requeueAfterMs?: number;
}

export type Reconcile = (key: string) => Promise<ReconcileResult>;

/** Retrying cannot help until the world changes: logged and counted, not retried. */
export class TerminalError extends ClrkError {}

export interface ControllerOptions {
  readonly name: string;
  readonly concurrency: number;
  readonly reconcile: Reconcile;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => number;
}

/** About as long as one read takes. */
const pendingReadMs = 20;

export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue = new WorkQueue();
  readonly #startedAt = new Map<string, number>();
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    options.metrics.maxConcurrent.set({ controller: this.name }, options.concurrency);
  }

  enqueue(key: string, delayMs = 0): void {
    const now = this.#options.now();
    this.#options.metrics.queueAdds.inc({ name: this.name });
    if (delayMs > 0) this.#queue.addAt(key, now + delayMs);
    else this.#queue.add(key, now);
    this.#pump();
  }

  start(): void {
    this.#running = true;
    this.#pump();
  }

  /** Takes no more keys; resolves when the work under way has ended or the time is over. */
  async drain(timeoutMs: number): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    if (this.#queue.idle) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onIdle = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Brings the age gauges up to date; called when metrics are scraped. */
  observeAges(): void {
    const now = this.#options.now();
    const ages = [...this.#startedAt.values()].map((at) => (now - at) / 1000);
    const name = { name: this.name };
    this.#options.metrics.unfinishedSeconds.set(
      name,
      ages.reduce((sum, age) => sum + age, 0),
    );
    this.#options.metrics.longestSeconds.set(name, Math.max(0, ...ages));
  }

  #pump(): void {
    if (!this.#running) return;
    const { metrics, concurrency, now } = this.#options;
    while (this.#startedAt.size < concurrency) {
      const item = this.#queue.take(now());
      if (item === undefined) break;
      metrics.queueDuration.observe({ name: this.name }, (now() - item.readyAt) / 1000);
      this.#startedAt.set(item.key, now());
      void this.#work(item.key);
    }
    metrics.queueDepth.set({ name: this.name }, this.#queue.depth);
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const at = this.#queue.nextAt;
    if (at === undefined || !this.#running) return;
    // setTimeout overflows at 2^31 ms; waking early is harmless.
    const delay = Math.min(Math.max(0, at - this.#options.now()), 2 ** 31 - 1);
    this.#timer = setTimeout(() => this.#pump(), delay);
  }

  async #work(key: string): Promise<void> {
    const { metrics, now } = this.#options;
    const startedAt = now();
    metrics.activeWorkers.inc({ controller: this.name });
    try {
      const result = await this.#options.reconcile(key);
      this.#succeeded(key, result);
    } catch (thrown) {
      this.#failed(key, thrown);
    }
    const seconds = (now() - startedAt) / 1000;
    metrics.reconcileTime.observe({ controller: this.name }, seconds);
    metrics.workDuration.observe({ name: this.name }, seconds);
    metrics.activeWorkers.dec({ controller: this.name });
    this.#startedAt.delete(key);
    this.#queue.done(key, now());
    if (this.#queue.idle) this.#onIdle?.();
    this.#pump();
  }

  #succeeded(key: string, result: ReconcileResult): void {
    this.#queue.forget(key);
    const again = result.requeueAfterMs;
    if (again !== undefined) this.#queue.addAt(key, this.#options.now() + again);
    const label = again === undefined ? 'success' : 'requeue_after';
    this.#options.metrics.reconciles.inc({ controller: this.name, result: label });
  }

  #failed(key: string, thrown: unknown): void {
    const { metrics, log, now } = this.#options;
    const controller = this.name;
    if (thrown instanceof PendingRead) {
      this.#queue.addAt(key, now() + pendingReadMs);
      metrics.reconciles.inc({ controller, result: 'requeue_after' });
      return;
    }
    metrics.reconciles.inc({ controller, result: 'error' });
    metrics.reconcileErrors.inc({ controller });
    const fields = { controller, key, error: errorMessage(thrown) };
    if (thrown instanceof TerminalError) {
      metrics.terminalErrors.inc({ controller });
      this.#queue.forget(key);
      log.error(fields, 'reconcile failed for good');
      return;
    }
    metrics.queueRetries.inc({ name: controller });
    const retryInMs = this.#queue.addRateLimited(key, now());
    log.warn({ ...fields, retryInMs }, 'reconcile failed');
  }
}

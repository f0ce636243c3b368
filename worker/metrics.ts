/** The worker's Prometheus metrics: fixed labels, no names of agents (those are in spans). */
import { Counter, Gauge, Registry } from 'prom-client';
import type { DenyReason } from '../contract/index.ts';
import type { FallbackReason } from './snapshot/snapshots.ts';
import type { LossReason } from './standby/standby.ts';

export interface WorkerGauges {
  readonly running: () => number;
  readonly pendingEvents: () => number;
}

export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #refused: Counter<'reason'>;
  readonly #warmLost: Counter<'reason'>;
  readonly #snapshotFallback: Counter<'reason'>;

  constructor(gauges: WorkerGauges) {
    const registers = [this.registry];
    this.#refused = new Counter({
      name: 'clrk_worker_egress_refused_total',
      help: 'Attempts of sandboxes that were refused, by reason',
      labelNames: ['reason'],
      registers,
    });
    this.#warmLost = new Counter({
      name: 'clrk_worker_warm_lost_total',
      help: 'Sandboxes of warm pools whose agent did not wait for its run, by reason',
      labelNames: ['reason'],
      registers,
    });
    this.#snapshotFallback = new Counter({
      name: 'clrk_worker_snapshot_fallbacks_total',
      help: 'Runs of agents with warmPoolMode Snapshot that were cold, by reason',
      labelNames: ['reason'],
      registers,
    });
    for (const [name, help, read] of [
      ['clrk_worker_running', 'Running invocations', gauges.running],
      ['clrk_worker_events_pending', 'Invocation events not yet acknowledged', gauges.pendingEvents],
    ] as const) {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
    }
  }

  warmLost(reason: LossReason): void {
    this.#warmLost.inc({ reason });
  }

  snapshotFallback(reason: FallbackReason): void {
    this.#snapshotFallback.inc({ reason });
  }

  refused(reason: DenyReason): void {
    this.#refused.inc({ reason });
  }
}

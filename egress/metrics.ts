/** Prometheus metrics of the gateway: fixed labels, no names of agents; those of sinks are the gateway owner's, eight of them. */
import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';
import type { DenyReason } from '../contract/index.ts';
import type { Outcome } from './record/exchange-record.ts';

const decisions = ['allow', 'deny'] as const;
type StatusClass = 'none' | '1xx' | '2xx' | '3xx' | '4xx' | '5xx';
const classes: readonly StatusClass[] = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];

export class GatewayMetrics {
  readonly #registry = new Registry();
  /** How many of each class, told to the counter when it is read: finding one by its labels hashes them anew each time. */
  readonly #ofClass = { allow: classes.map(() => 0), deny: classes.map(() => 0) } as const;
  readonly #denied = this.#counter('clrk_egress_denied_total', 'Connections and calls refused, by reason', [
    'reason',
  ]);
  readonly #frames = this.#counter(
    'clrk_egress_frames_refused_total',
    'Connections without an acceptable identity frame',
    [],
  );
  readonly #broken = this.#counter(
    'clrk_egress_connections_broken_total',
    'Connections closed because what they sent could not be handled: each is a defect of the gateway',
    [],
  );
  readonly #dropped = this.#counter(
    'clrk_egress_records_dropped_total',
    'Records that telemetry did not get',
    [],
  );
  readonly #unrecordable = this.#counter(
    'clrk_egress_records_refused_total',
    'Calls not let through because their agent had no room left for records',
    [],
  );
  readonly #exported = this.#counter(
    'clrk_egress_export_records_total',
    'Records that a receiver of the gateway got a copy of (sent), or will not get (lost)',
    ['outcome'],
  );
  readonly #sunk = this.#counter(
    'clrk_egress_sink_records_total',
    'Records that a sink of the gateway got a copy of (sent), or will not get (lost)',
    ['sink', 'outcome'],
  );
  readonly #seconds = new Histogram({
    name: 'clrk_egress_exchange_seconds',
    help: 'Duration of HTTP exchanges',
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120, 300],
    registers: [this.#registry],
  });

  constructor(connections: () => number) {
    this.#collectExchanges();
    const gauge: Gauge = new Gauge({
      name: 'clrk_egress_connections',
      help: 'Connections from workers',
      registers: [this.#registry],
      collect: () => gauge.set(connections()),
    });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #collectExchanges(): void {
    const counter: Counter<'decision' | 'status_class'> = new Counter({
      name: 'clrk_egress_exchanges_total',
      help: 'HTTP exchanges by decision and status class',
      labelNames: ['decision', 'status_class'],
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        for (const decision of decisions) {
          classes.forEach((statusClass, index) => {
            const count = this.#ofClass[decision][index] ?? 0;
            counter.inc({ decision, status_class: statusClass }, count);
          });
        }
      },
    });
  }

  exchange({ status = 0, denyReason }: Outcome, seconds: number): void {
    const decision = denyReason === undefined ? 'allow' : 'deny';
    const statusClass = Math.floor(status / 100);
    this.#ofClass[decision][statusClass] = (this.#ofClass[decision][statusClass] ?? 0) + 1;
    this.#seconds.observe(seconds);
    if (denyReason !== undefined) this.#denied.inc({ reason: denyReason });
  }

  denied(reason: DenyReason): void {
    this.#denied.inc({ reason });
  }

  frameRefused(): void {
    this.#frames.inc();
  }

  connectionBroken(): void {
    this.#broken.inc();
  }

  recordsDropped(count: number): void {
    this.#dropped.inc(count);
  }

  recordRefused(): void {
    this.#unrecordable.inc();
  }

  /** `sink` undefined: to the receiver of every record. */
  exported(outcome: 'sent' | 'lost', count: number, sink: string | undefined): void {
    if (sink === undefined) this.#exported.inc({ outcome }, count);
    else this.#sunk.inc({ sink, outcome }, count);
  }

  observeExport(exporter: () => { readonly heldBytes: number }): void {
    const held: Gauge = new Gauge({
      name: 'clrk_egress_export_bytes',
      help: 'Memory that copies of records hold until the receivers of the gateway have them',
      registers: [this.#registry],
      collect: () => held.set(exporter().heldBytes),
    });
  }

  /** What the outbox says of itself when metrics are read. */
  observeOutbox(outbox: () => { readonly heldBytes: number; readonly mergedRefusals: number }): void {
    const held: Gauge = new Gauge({
      name: 'clrk_egress_record_bytes',
      help: 'Memory that records hold until telemetry has them, promised room included',
      registers: [this.#registry],
      collect: () => held.set(outbox().heldBytes),
    });
    const merged: Gauge = new Gauge({
      name: 'clrk_egress_refusals_merged',
      help: 'Refusals told by the count of another record since the start',
      registers: [this.#registry],
      collect: () => merged.set(outbox().mergedRefusals),
    });
  }

  /** To be summed with those of other processes. */
  figures(): Promise<MetricObjectWithValues<MetricValue<string>>[]> {
    return this.#registry.getMetricsAsJSON();
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

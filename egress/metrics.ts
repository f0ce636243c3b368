/** Prometheus metrics of the gateway: fixed labels, no names of agents (style 28). */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { attribute, type DenyReason } from '../contract/index.ts';
import type { SpanRecord } from './record/exchange-record.ts';

export class GatewayMetrics {
  readonly #registry = new Registry();
  readonly #exchanges = this.#counter(
    'clrk_egress_exchanges_total',
    'HTTP exchanges by decision and status class',
    ['decision', 'status_class'],
  );
  readonly #denied = this.#counter('clrk_egress_denied_total', 'Connections and calls refused, by reason', [
    'reason',
  ]);
  readonly #frames = this.#counter(
    'clrk_egress_frames_refused_total',
    'Connections without an acceptable identity frame',
    [],
  );
  readonly #dropped = this.#counter(
    'clrk_egress_records_dropped_total',
    'Records that telemetry did not get',
    [],
  );
  readonly #seconds = new Histogram({
    name: 'clrk_egress_exchange_seconds',
    help: 'Duration of HTTP exchanges',
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120, 300],
    registers: [this.#registry],
  });

  constructor(connections: () => number) {
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

  exchange(record: SpanRecord): void {
    const { attributes } = record;
    const status = Number(attributes.get(attribute.httpStatus) ?? 0);
    const decision = attributes.get(attribute.decision) === 'deny' ? 'deny' : 'allow';
    this.#exchanges.inc({ decision, status_class: status === 0 ? 'none' : `${Math.floor(status / 100)}xx` });
    this.#seconds.observe((record.end - record.start) / 1000);
    const reason = attributes.get(attribute.denyReason);
    if (typeof reason === 'string') this.#denied.inc({ reason });
  }

  denied(reason: DenyReason): void {
    this.#denied.inc({ reason });
  }

  frameRefused(): void {
    this.#frames.inc();
  }

  recordsDropped(count: number): void {
    this.#dropped.inc(count);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

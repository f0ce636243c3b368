/**
 * All who get copies of a gateway's records: the receiver of every one of them, and each sink those that are for it. Each has a queue,
 * a courier, connections and a share of memory of its own, so that one that is slow, away or wrong harms no other.
 */
import type { ExportState } from '../../contract/index.ts';
import type { RecordCopy } from '../record/otlp-outbox.ts';
import type { RecordBatch } from '../record/record-queue.ts';
import type { Snapshot } from '../snapshot.ts';
import { RecordExporter, type RecordExporterOptions } from './record-exporter.ts';

type Counted = 'onLost' | 'onSent';

export interface RecordCopiesOptions extends Omit<RecordExporterOptions, Counted> {
  /** `sink` undefined: the receiver of every record. */
  readonly onLost: (records: number, sink: string | undefined) => void;
  readonly onSent: (records: number, sink: string | undefined) => void;
  readonly maxSinkBytes?: number;
}

/** Of each sink; a gateway has eight of them at most. */
const defaultMaxSinkBytes = 8 * 1024 * 1024;

export class RecordCopies implements RecordCopy {
  readonly #options: RecordCopiesOptions;
  readonly #whole: RecordExporter;
  readonly #sinks = new Map<string, RecordExporter>();

  constructor(options: RecordCopiesOptions) {
    this.#options = options;
    this.#whole = this.#open(undefined, options.maxBytes);
  }

  #open(sink: string | undefined, maxBytes: number | undefined): RecordExporter {
    const { maxBytes: _whole, maxSinkBytes: _sink, onLost, onSent, ...rest } = this.#options;
    return new RecordExporter({
      ...rest,
      ...(maxBytes === undefined ? {} : { maxBytes }),
      onLost: (records) => onLost(records, sink),
      onSent: (records) => onSent(records, sink),
    });
  }

  get #all(): readonly RecordExporter[] {
    return [this.#whole, ...this.#sinks.values()];
  }

  get isWanted(): boolean {
    return this.#all.some(({ isWanted }) => isWanted);
  }

  isSinkWanted(sink: string): boolean {
    return this.#sinks.get(sink)?.isWanted === true;
  }

  /** Bytes that wait. */
  get heldBytes(): number {
    return this.#all.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  /** Of the receiver of every record; undefined: there is none. */
  get state(): ExportState | undefined {
    return this.#whole.state;
  }

  /** By name of the sink; undefined: nothing is sent to any. */
  get sinkStates(): Readonly<Record<string, ExportState>> | undefined {
    const states = [...this.#sinks].flatMap(([name, { state }]) =>
      state === undefined ? [] : [[name, state]],
    );
    return states.length === 0 ? undefined : (Object.fromEntries(states) as Record<string, ExportState>);
  }

  take(batch: RecordBatch): void {
    this.#whole.take(batch);
    for (const part of batch.parts) this.#sinks.get(part.sink)?.take(part);
  }

  /** As this config says from now on. Idempotent. */
  use(snapshot: Snapshot): void {
    const { recordExport, recordSinks = [] } = snapshot.config;
    this.#whole.use(snapshot, recordExport);
    const names = new Set(recordSinks.map(({ name }) => name));
    for (const [name, exporter] of this.#sinks) {
      if (names.has(name)) continue;
      exporter.use(snapshot, undefined);
      this.#sinks.delete(name);
    }
    for (const { name, ...receiver } of recordSinks) {
      const exporter = this.#sinks.get(name) ?? this.#openSink(name);
      exporter.use(snapshot, receiver);
    }
  }

  #openSink(name: string): RecordExporter {
    const exporter = this.#open(name, this.#options.maxSinkBytes ?? defaultMaxSinkBytes);
    this.#sinks.set(name, exporter);
    return exporter;
  }

  /** Sends what is left, for at most `graceMs`; what is left then is lost and counted. */
  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#all.map((exporter) => exporter.close(graceMs)));
  }
}

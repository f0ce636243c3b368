/**
 * events.k8s.io/v1 Events about objects of ours. Repeats of the same (object, reason, note) become a series of one
 * Event instead of many; nothing is recorded for "still running". Losing an event never fails a reconcile.
 */
import { randomUUID } from 'node:crypto';
import { errorMessage } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import type { KubeApi } from './api-client.ts';
import { apiVersionOf, builtins, type Resource } from './resource.ts';
import type { KubeObject } from './object.ts';

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, low cardinality. */
  readonly reason: string;
  /** CamelCase verb: what we did or tried. */
  readonly action: string;
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly api: KubeApi;
  readonly controller: string;
  readonly instance: string;
  readonly log: Log;
  readonly now: () => number;
}

interface Series {
  readonly object: KubeObject;
  count: number;
  lastAt: number;
}

// client-go: a series ends after 6 minutes without a repeat; 4096 entries in its correlator.
const seriesMs = 6 * 60_000;
const maxSeries = 4_096;
const maxNote = 1_024;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(resource: Resource, object: KubeObject, note: EventNote): void {
    void this.#write(resource, object, note).catch((thrown: unknown) => {
      this.#options.log.debug({ reason: note.reason, error: errorMessage(thrown) }, 'event not written');
    });
  }

  /** One of this name: who finds it there has nothing to say. */
  recordOnce(resource: Resource, object: KubeObject, note: EventNote, name: string): void {
    const event = this.#event(resource, object, note, name);
    void this.#options.api.create(builtins.events, event).catch((thrown: unknown) => {
      this.#options.log.debug({ reason: note.reason, error: errorMessage(thrown) }, 'event not written');
    });
  }

  async #write(resource: Resource, object: KubeObject, note: EventNote): Promise<void> {
    const now = this.#options.now();
    const key = `${object.metadata?.uid ?? ''} ${note.reason} ${note.action} ${note.note}`;
    const series = this.#series.get(key);
    if (series !== undefined && now - series.lastAt < seriesMs) {
      series.count += 1;
      series.lastAt = now;
      const repeated = {
        ...series.object,
        series: { count: series.count, lastObservedTime: microTime(now) },
      };
      await this.#options.api.apply(builtins.events, repeated, { fieldManager: 'clrk-events' });
      return;
    }
    const event = this.#event(resource, object, note);
    this.#remember(key, { object: event, count: 1, lastAt: now });
    await this.#options.api.apply(builtins.events, event, { fieldManager: 'clrk-events' });
  }

  #remember(key: string, series: Series): void {
    this.#series.delete(key);
    this.#series.set(key, series);
    const oldest = this.#series.keys().next().value;
    if (this.#series.size > maxSeries && oldest !== undefined) this.#series.delete(oldest);
  }

  #event(resource: Resource, object: KubeObject, note: EventNote, own?: string): KubeObject {
    const { name = '', namespace = 'default', uid, resourceVersion } = object.metadata ?? {};
    const eventName = own ?? `${name.slice(0, 200)}.${randomUUID().slice(0, 13)}`;
    const regarding = { apiVersion: apiVersionOf(resource), kind: resource.kind, name, namespace };
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: eventName, namespace },
      eventTime: microTime(this.#options.now()),
      reportingController: `clrk.apoxy.dev/${this.#options.controller}`,
      reportingInstance: this.#options.instance.slice(0, 128),
      type: note.type,
      reason: note.reason,
      action: note.action,
      note: note.note.slice(0, maxNote),
      regarding: { ...regarding, uid, resourceVersion },
    } as KubeObject;
  }
}

function microTime(now: number): string {
  return new Date(now).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');
}

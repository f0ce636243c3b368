/** The telemetry service with a real NATS and the embedded engine behind it: what its tests write to and read from. */
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll } from 'vitest';
import {
  invocationMessageId,
  invocationSubject,
  mintReaderToken,
  type Invocation,
  type OtlpSpeaker,
  type ReaderClaims,
} from '../../contract/index.ts';
import { readerOf } from '../../telemetry/bearer.ts';
import {
  openTelemetryService,
  type TelemetryOptions,
  type TelemetryService,
} from '../../telemetry/service.ts';
import type { EmbeddedStore } from '../../telemetry/store/store.ts';
import { openTestStore, removeDirectory, silentLog, temporaryDirectory, until } from './embedded.ts';
import { NatsServer } from './nats-server.ts';

/** Tokens of the bed. */
const speakers: Readonly<Record<string, OtlpSpeaker>> = {
  'Bearer otlp': { role: 'ingress' },
  'Bearer pool': { role: 'worker', namespace: 'team-a', name: 'main' },
};

/** What the bed's reader tokens are made with. */
export const readerSecret = 'a secret of the bed';

export function readerToken(
  namespaces: ReaderClaims['namespaces'] = 'all',
  expiresMs = Date.now() + 600_000,
): string {
  return `Bearer ${mintReaderToken(readerSecret, { namespaces, expiresMs })}`;
}

export class ServiceBed {
  nats!: NatsConnection;
  store!: EmbeddedStore;
  service!: TelemetryService;
  readonly #directory = temporaryDirectory();
  readonly #more: Partial<TelemetryOptions>;
  #natsServer!: NatsServer;

  constructor(more: Partial<TelemetryOptions> = {}) {
    this.#more = more;
  }

  async open(): Promise<void> {
    this.#natsServer = await NatsServer.start();
    this.nats = await this.#natsServer.connect();
    this.store = openTestStore(this.#directory);
    await this.openService();
  }

  async openService(more: Partial<TelemetryOptions> = {}): Promise<void> {
    this.service = await openTelemetryService({
      host: '127.0.0.1',
      otlpPort: 0,
      readPort: 0,
      store: this.store,
      spoolDir: `${this.#directory}/spool`,
      nats: this.nats,
      otlpSpeaker: (value) => speakers[value ?? ''],
      reader: (value) => readerOf(value, readerSecret, Date.now()),
      log: silentLog,
      writerLimits: { flushMs: 50 },
      sweep: { everyMs: 200, graceMs: 0 },
      ...this.#more,
      ...more,
    });
    await until('the service is ready', () => this.service.ready() === undefined, 60_000);
  }

  async close(): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
    await this.nats.close();
    await this.#natsServer[Symbol.asyncDispose]();
    removeDirectory(this.#directory);
  }

  async post(path: string, body: Uint8Array | string, headers: Record<string, string>): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.service.otlpPort}${path}`, {
      method: 'POST',
      body,
      headers: { authorization: 'Bearer otlp', ...headers },
    });
  }

  /** Rows of the read API. */
  async read(path: string): Promise<Array<Record<string, unknown>>> {
    const answer = await fetch(`http://127.0.0.1:${this.service.readPort}${path}`, {
      headers: { 'x-clrk-authorization': readerToken() },
    });
    const body = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${body}`);
    return body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async publish(event: Invocation): Promise<void> {
    await this.nats
      .jetstream()
      .publish(invocationSubject(event, { role: 'ingress' }), JSON.stringify(event), {
        msgID: invocationMessageId(event),
      });
  }
}

/** Registers the hooks of a test file. */
export function useService(): ServiceBed {
  const bed = new ServiceBed();
  beforeAll(() => bed.open(), 90_000);
  afterAll(() => bed.close());
  return bed;
}

/** A store of the platform, a receiver of the gateway's owner, both real servers, and a gateway's outbox and exporter between them. */
import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { GatewayConfig, RecordExport } from '../../../contract/index.ts';
import { RecordCopies, type RecordCopiesOptions } from '../../../egress/export/record-copies.ts';
import { AttributeList } from '../../../egress/record/attribute-list.ts';
import { OtlpOutbox } from '../../../egress/record/otlp-outbox.ts';
import { createSimpleRecord, type SpanRecord } from '../../../egress/record/span-record.ts';
import { createSnapshot } from '../../../egress/snapshot.ts';
import { createLeafIssuer } from '../../../egress/tls/leaf-issuer.ts';
import { addAddress } from '../gateway-bed.ts';
import { createConfig, upstreamCa } from '../gateway-config.ts';
import { issueTestLeaf } from '../test-ca.ts';

export const collector = 'collector.example.com';

export interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly at: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

export interface Receiver {
  readonly port: number;
  readonly seen: Seen[];
  /** undefined: it says nothing, ever. `before`: requests before this one. */
  answer: (before: number) => Answer | undefined;
  close(): void;
}

const leaf = issueTestLeaf(upstreamCa, [collector]);

export async function openReceiver(host: string, secure: boolean): Promise<Receiver> {
  const seen: Seen[] = [];
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const answer = receiver.answer(seen.length);
      const { url: path = '', headers } = request;
      seen.push({ path, headers, body: Buffer.concat(chunks), at: Date.now() });
      if (answer !== undefined) response.writeHead(answer.status, answer.headers).end();
    });
  };
  const server: Server = secure
    ? createSecureServer({ cert: leaf.certificatePem, key: leaf.privateKeyPem }, take)
    : createServer(take);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const receiver: Receiver = {
    port: (server.address() as AddressInfo).port,
    seen,
    answer: () => ({ status: 200 }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}

export interface ExportBed {
  readonly ip: string;
  readonly store: Receiver;
  readonly receiver: Receiver;
  readonly outbox: OtlpOutbox;
  readonly copies: RecordCopies;
  readonly count: {
    lost: number;
    sent: number;
    changed: number;
    broken: number;
    /** `SINK sent`, `SINK lost`. */
    readonly sinks: Map<string, number>;
  };
  /** What the receiver's name stands for. */
  answers: string[];
  use(recordExport: Partial<RecordExport> | undefined, change?: Partial<GatewayConfig>): void;
  add(name: string, sinks?: readonly string[]): void;
  close(): Promise<void>;
}

export function record(name: string, sinks?: readonly string[]): SpanRecord {
  return createSimpleRecord({
    ...{ name, start: 1, end: 2, agentId: 'TaskAgent/default/hello', refused: false, sinks },
    attributes: new AttributeList(),
    errorMessage: undefined,
    log: { severity: 'INFO', body: 'egress call' },
  });
}

export async function openExportBed(options: Partial<RecordCopiesOptions> = {}): Promise<ExportBed> {
  const ip = addAddress();
  const store = await openReceiver('127.0.0.1', false);
  const receiver = await openReceiver(ip, true);
  const count = { lost: 0, sent: 0, changed: 0, broken: 0, sinks: new Map<string, number>() };
  const counted = (outcome: 'lost' | 'sent', records: number, sink: string | undefined): void => {
    if (sink === undefined) count[outcome] += records;
    else count.sinks.set(`${sink} ${outcome}`, (count.sinks.get(`${sink} ${outcome}`) ?? 0) + records);
  };
  const copies = new RecordCopies({
    lookup: () => Promise.resolve(bed.answers.map((address) => ({ address, family: 4 }))),
    now: () => Date.now(),
    onLost: (records, sink) => counted('lost', records, sink),
    onSent: (records, sink) => counted('sent', records, sink),
    onChanged: () => (count.changed += 1),
    onBroken: () => (count.broken += 1),
    ...options,
  });
  const outbox = new OtlpOutbox({
    ...{ endpoint: `http://127.0.0.1:${store.port}`, token: 'platform-token', resource: { a: 'b' } },
    onDropped: () => undefined,
    copy: copies,
  });
  const bed: ExportBed = {
    ...{ ip, store, receiver, outbox, copies, count },
    answers: [ip],
    use: (recordExport, change = {}) => {
      const endpoint = `https://${collector}:${receiver.port}`;
      const wanted = recordExport && { endpoint, headers: [], ...recordExport };
      const config = createConfig(ip, 443, { ...change, ...(wanted && { recordExport: wanted }) });
      copies.use(createSnapshot(config, createLeafIssuer));
    },
    add: (name, sinks) => outbox.add(record(name, sinks)),
    close: async () => {
      await outbox.close(1);
      await copies.close(1);
      store.close();
      receiver.close();
      execFileSync('ip', ['addr', 'del', `${ip}/32`, 'dev', 'lo']);
    },
  };
  return bed;
}

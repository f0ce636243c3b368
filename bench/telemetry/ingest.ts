/** Spans through the real path: a protobuf body, rows, batches, inserts. Told by the wall and by processor seconds. */
import { cpuMs } from '../process-usage.ts';
import type { EmbeddedStore } from '../../telemetry/store/store.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { receivedSpans } from '../../telemetry/otlp/received-rows.ts';
import { otlpType } from '../../telemetry/otlp/otlp-schema.ts';
import { tables } from '../../telemetry/schema/tables.ts';
import { Spool } from '../../telemetry/spool/spool.ts';
import { Writer } from '../../telemetry/spool/writer.ts';
import { silentLog } from '../../test/telemetry/embedded.ts';

export interface IngestFigures {
  readonly spans: number;
  readonly wallS: number;
  /** Of this process: decoding, rendering, sending. */
  readonly ownCpuS: number;
  /** Of ClickHouse. */
  readonly engineCpuS: number;
}

const spansInBody = 512;

export function body(first: number): Buffer {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const nowNanos = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: spansInBody }, (_, index) => {
    const id = Buffer.alloc(16);
    id.writeUInt32BE(first + index + 1, 0);
    return {
      traceId: id,
      spanId: id.subarray(0, 8),
      parentSpanId: id.subarray(0, 8),
      name: 'POST',
      kind: 2,
      startTimeUnixNano: String(nowNanos),
      endTimeUnixNano: String(nowNanos + 5_000_000n),
      attributes: [
        text('agent.kind', 'TaskAgent'),
        text('agent.namespace', 'ns-1'),
        text('agent.name', `agent-${index % 40}`),
        text('agent.uid', '8d6b0b3e-4b0f-4c39-9f39-0d6b1f6d3d11'),
        text('invocation.id', `00000000-0000-4000-8000-${String(first + (index >> 2)).padStart(12, '0')}`),
        text('http.request.method', 'POST'),
        { key: 'http.response.status_code', value: { intValue: 200 } },
        text('server.address', 'api.openai.com'),
        { key: 'server.port', value: { intValue: 443 } },
        text('url.path', '/v1/chat/completions'),
        text('gen_ai.system', 'openai'),
        text('gen_ai.request.model', 'gpt-5-mini'),
        { key: 'gen_ai.usage.input_tokens', value: { intValue: 1200 + index } },
        { key: 'gen_ai.usage.output_tokens', value: { intValue: index } },
        text('clrk.decision', 'allow'),
        text('clrk.decision.route', 'AIProviderRoute/ns-1/openai'),
      ],
      status: { code: 1 },
    };
  });
  const resource = { attributes: [text('service.name', 'clrk-egress'), text('clrk.component', 'egress')] };
  return Buffer.from(
    otlpType.traceRequest.encode({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }).finish(),
  );
}

export async function measureIngest(
  store: EmbeddedStore,
  directory: string,
  spans: number,
): Promise<IngestFigures> {
  const bodies = Array.from({ length: Math.ceil(spans / spansInBody) }, (_, index) =>
    body(index * spansInBody),
  );
  await using writer = new Writer({
    store,
    spool: new Spool(directory, 1e9),
    metrics: createMetrics(),
    log: silentLog,
    bootId: 'bench',
  });
  const pid = store.engine.pid ?? 0;
  const engineBefore = cpuMs(pid) / 1000;
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const waiting = new Set<Promise<void>>();
  for (const bytes of bodies) {
    const { rows } = receivedSpans({
      encoding: 'protobuf',
      body: bytes,
      speaker: { role: 'ingress' },
      nowMs: Date.now(),
    });
    const kept: Promise<void> = writer.write(tables.traces, rows).finally(() => waiting.delete(kept));
    waiting.add(kept);
    // As many requests as exporters have under way.
    if (waiting.size >= 64) await Promise.race(waiting);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(waiting);
  const own = process.cpuUsage(before);
  return {
    spans: bodies.length * spansInBody,
    wallS: (performance.now() - startedMs) / 1000,
    ownCpuS: (own.user + own.system) / 1e6,
    engineCpuS: cpuMs(pid) / 1000 - engineBefore,
  };
}

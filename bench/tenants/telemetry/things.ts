/** What tenants share in telemetry: the engine by way of reads, the writer by way of what is sent. */
import { honestCaller, keepAsking, numberAt, type Place, type SharedThing } from '../shared-thing.ts';
import { openTelemetryPart, token } from './telemetry-part.ts';

async function read(place: Place, path: string): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${numberAt(place, 'readPort')}${path}`, {
    headers: { 'x-clrk-authorization': token },
  });
  await answer.arrayBuffer();
  return answer.status === 200;
}

async function send(place: Place, lines: number, text: string): Promise<boolean> {
  const logRecords = Array.from({ length: lines }, () => ({ body: { stringValue: text } }));
  const answer = await fetch(`http://127.0.0.1:${numberAt(place, 'otlpPort')}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: token },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
  });
  await answer.arrayBuffer();
  return answer.status === 200;
}

async function orThrow(asked: Promise<boolean>): Promise<void> {
  if (!(await asked)) throw new Error('refused');
}

const reads: SharedThing = {
  role: 'telemetry',
  name: 'reads',
  hostile: 'asks for a thousand calls of its namespace, 16 requests at a time',
  open: openTelemetryPart,
  fill: (place, tally, signal) =>
    keepAsking({ atOnce: 16, perSecond: 200 }, tally, signal, () =>
      read(place, '/v1/namespaces/ns-1/invocations?limit=1000'),
    ),
  honest: (place) => honestCaller(() => orThrow(read(place, '/v1/namespaces/ns-40/invocations?limit=20'))),
};

const ingest: SharedThing = {
  role: 'telemetry',
  name: 'what is sent',
  hostile: 'sends 2,000 lines of 500 bytes in each request, 8 at a time',
  open: openTelemetryPart,
  fill: (place, tally, signal) =>
    keepAsking({ atOnce: 8, perSecond: 50 }, tally, signal, () => send(place, 2_000, 'x'.repeat(500))),
  honest: (place) => honestCaller(() => orThrow(send(place, 1, 'hello'))),
};

export const telemetryThings: readonly SharedThing[] = [reads, ingest];

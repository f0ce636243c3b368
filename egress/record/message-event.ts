/** One message of an exchange, a request or an answer, as events of its span: its head, and what is kept of its body. Pure. */
import { attribute } from '../../contract/index.ts';
import { fieldValue, type Field } from '../http1/index.ts';
import type { AttributeSink } from './attribute-list.ts';
import type { CapturedBody } from './capture.ts';
import { putHeaders } from './redact.ts';
import { LazyEvent, type SpanEvent } from './span-record.ts';

export interface RecordedMessage {
  /** Unix milliseconds when its head was complete. */
  readonly headAt: number;
  readonly endAt: number;
  readonly fields: readonly Field[];
  readonly body: CapturedBody | undefined;
  readonly bytes: number;
}

function putBody(sink: AttributeSink, body: CapturedBody, fields: readonly Field[]): void {
  sink.putAscii(attribute.bodyBase64, body.bytes.toString('base64'));
  sink.put(attribute.bodyBytes, body.total);
  sink.put(attribute.bodyTruncated, body.truncated);
  sink.put(attribute.bodyEncoding, fieldValue(fields, 'content-encoding')?.slice(0, 200));
}

export function addMessage(
  events: SpanEvent[],
  direction: 'request' | 'response',
  message: RecordedMessage,
  hidden: ReadonlySet<string>,
): void {
  const { headAt, endAt, fields, body } = message;
  events.push(
    new LazyEvent({
      name: `http.${direction}.headers`,
      at: headAt,
      isBody: false,
      putAttributes: (sink) => putHeaders(sink, direction, fields, hidden),
    }),
  );
  if (body === undefined) return;
  events.push(
    new LazyEvent({
      name: `http.${direction}.body`,
      at: endAt,
      isBody: true,
      putAttributes: (sink) => putBody(sink, body, fields),
    }),
  );
}

/** How the events of a stream go onto the wire: as server-sent events, as one JSON array, as AWS's event stream. Pure. */
import { encodeFrame } from './bedrock/event-frame.ts';
import type { ProviderReply } from './exchange.ts';
import type { Style } from './script/index.ts';

export interface StreamEvent {
  /** SSE's event field, or AWS's :event-type. */
  readonly name?: string;
  readonly data: unknown;
  /** A piece of what is said: streams are told to break after so many of these. */
  readonly isPiece?: boolean;
  readonly isError?: boolean;
}

export type Framing = 'sse' | 'json-array' | 'aws-event-stream';

const keepAlive = ': keep-alive';

function eventLines({ name, data }: StreamEvent, styles: readonly Style[]): readonly string[] {
  const isMultiline = styles.includes('multiline') && typeof data === 'object';
  const text = typeof data === 'string' ? data : JSON.stringify(data, null, isMultiline ? 1 : undefined);
  return [
    ...(styles.includes('comments') ? [keepAlive, ''] : []),
    ...(name === undefined ? [] : [`event: ${name}`]),
    ...text.split('\n').map((line) => `data: ${line}`),
    '',
  ];
}

/** A server-sent event. */
function renderEvent(event: StreamEvent, styles: readonly Style[]): string {
  const end = styles.includes('crlf') ? '\r\n' : '\n';
  return eventLines(event, styles)
    .map((line) => `${line}${end}`)
    .join('');
}

/** An element an event. */
function renderArray(events: readonly StreamEvent[]): readonly string[] {
  const rendered = events.map(({ data }, index) => `${index === 0 ? '[' : ',\r\n'}${JSON.stringify(data)}`);
  return [...rendered, ']'];
}

export function streamReply(
  framing: Framing,
  events: readonly StreamEvent[],
  styles: readonly Style[],
): ProviderReply {
  switch (framing) {
    case 'sse':
      return {
        status: 200,
        contentType: 'text/event-stream; charset=utf-8',
        headers: { 'cache-control': 'no-cache' },
        chunks: events.map((event) => renderEvent(event, styles)),
      };
    case 'json-array':
      return { status: 200, contentType: 'application/json; charset=UTF-8', chunks: renderArray(events) };
    case 'aws-event-stream':
      return {
        status: 200,
        contentType: 'application/vnd.amazon.eventstream',
        chunks: events.map(encodeFrame),
      };
  }
}

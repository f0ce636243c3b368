/**
 * The CloudEvent an agent is given and the one it may answer with, as CloudEvents 1.0 has them. Pure. What the caller supplied
 * as `ce-*` of its own event is kept, what the platform says is the platform's; everything else is bounded by the server's header limits.
 */
import {
  cloudEventData,
  header,
  invokeEventType,
  responseEventType,
  isPlatformAttribute,
  type CloudEvent,
} from '../../contract/index.ts';
import type { CallHeaders } from './call.ts';

export interface EnvelopeInput {
  readonly namespace: string;
  readonly agent: string;
  readonly revision: string;
  readonly invocationId: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: CallHeaders;
  readonly body: Uint8Array;
  readonly time: string;
  /** What set the invocation off; default `http`. */
  readonly subject?: string;
}

// CloudEvents 1.0: attribute names are lower-case letters and digits.
const attributeHeader = /^ce-([a-z0-9]{1,64})$/;

function suppliedAttributes(headers: CallHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, text]) => {
      const attribute = attributeHeader.exec(name)?.[1];
      if (attribute === undefined || text === undefined || isPlatformAttribute(attribute)) return [];
      return [[attribute, text]];
    }),
  );
}

export function composeEvent(input: EnvelopeInput): CloudEvent {
  const [path = '/', query] = input.url.split(/\?(.*)/s, 2);
  const id = input.headers[header.executionId] ?? input.headers['x-request-id'] ?? input.invocationId;
  return {
    id,
    source: `clrk://${input.namespace}/${input.agent}`,
    type: invokeEventType,
    time: input.time,
    subject: input.subject ?? 'http',
    clrkrevision: input.revision,
    clrkidentity: '',
    httpmethod: input.method,
    httpurl: path,
    ...(query === undefined || query === '' ? {} : { httpquery: query }),
    ...suppliedAttributes(input.headers),
    specversion: '1.0',
    ...cloudEventData(input.headers['content-type'], input.body),
  };
}

/** Agents print JSON, text or bytes without saying which: the data member is the most readable that fits. */
function typeOfOutput(output: Buffer): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(output);
    try {
      JSON.parse(text);
      return 'application/json';
    } catch {
      return 'text/plain';
    }
  } catch {
    return 'application/octet-stream';
  }
}

/** What a caller gets who accepts exactly `application/cloudevents+json`. */
export function composeResponseEvent(
  request: CloudEvent,
  output: { readonly contentType?: string; readonly body: Buffer },
  time: string,
): CloudEvent {
  const contentType =
    output.contentType ?? (output.body.length === 0 ? undefined : typeOfOutput(output.body));
  return {
    specversion: '1.0',
    id: `${request.id}.response`,
    source: request.source,
    type: responseEventType,
    time,
    relationid: request.id,
    ...cloudEventData(contentType, output.body),
  };
}

/**
 * The CloudEvents 1.0 structured envelope of the dispatch path. Own because it is twenty lines and the
 * published SDK brings a transport stack. Shapes: the CloudEvents 1.0 JSON and HTTP bindings, as the original uses them.
 */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly datacontenttype?: string;
  readonly subject?: string;
  readonly data?: unknown;
  readonly data_base64?: string;
  readonly [extension: string]: unknown;
}

export const invokeEventType = 'dev.apoxy.clrk.taskagent.invoke';
export const responseEventType = 'dev.apoxy.clrk.taskagent.response';
export const cloudEventContentType = 'application/cloudevents+json';

/** An attribute in a header: as the HTTP binding writes what a header may not hold. */
export function attributeText(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : encodeURIComponent(value.toWellFormed());
}

/** What only the platform says of an event: who sends it, what set it off, how it came, and whatever begins with its name. */
const platformAttributes: ReadonlySet<string> = new Set([
  ...['specversion', 'source', 'subject', 'datacontenttype', 'data', 'data_base64'],
  ...['httpmethod', 'httpurl', 'httpquery'],
]);

/** An attribute that no caller may set. */
export function isPlatformAttribute(name: string): boolean {
  return platformAttributes.has(name) || name.startsWith('clrk');
}

/** Data members for a body: JSON inline, text/* as a string, the rest base64; none when empty or invalid JSON/UTF-8. */
export function cloudEventData(
  contentType: string | undefined,
  body: Uint8Array,
): Pick<CloudEvent, 'datacontenttype' | 'data' | 'data_base64'> {
  const type = contentType === undefined ? {} : { datacontenttype: contentType };
  if (body.length === 0) return type;
  const media = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const text = (): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  try {
    if (media === 'application/json' || media.endsWith('+json')) return { ...type, data: JSON.parse(text()) };
    if (media.startsWith('text/')) return { ...type, data: text() };
  } catch {
    // Not what its type says: the bytes travel unjudged.
  }
  return { ...type, data_base64: Buffer.from(body).toString('base64') };
}

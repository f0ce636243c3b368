/** What a gateway does to every call, whatever rule takes it: read from its document, and in words. Pure. */
import { digestOf, type GatewayConfig } from '../../contract/index.ts';
import type { GatewayManner, RecordCopy } from './permit.ts';
import { quote } from './phrases.ts';

/** What the reference sets when nothing is written: not worth a word. */
const usual = {
  capture: {
    maxBytes: 65_536,
    contentTypes: ['application/json', 'application/x-ndjson', 'text/event-stream'],
  },
  timeoutMs: 300_000,
};

type Config = Omit<GatewayConfig, 'digest'>;

/** Enough to see that a value is another one, and no more: what is written may be secret all the same. */
function fingerprint(value: string): string {
  return digestOf(value).slice('sha256:'.length, 'sha256:'.length + 8);
}

function copyOf(document: Config): RecordCopy | undefined {
  const { recordExport } = document;
  if (recordExport === undefined || recordExport.broken !== undefined) return undefined;
  return {
    endpoint: recordExport.endpoint,
    headers: recordExport.headers.map(({ name, value, source }) =>
      source === undefined ? { name, fingerprint: fingerprint(value) } : { name, secret: source },
    ),
  };
}

export function mannerOf(document: Config): GatewayManner {
  const { upstream, capture } = document;
  const { additionalTrustPem, additionalTrustSource: source } = upstream;
  const trust = source === undefined ? additionalTrustPem : `${source.namespace}/${source.name}`;
  const copy = copyOf(document);
  return {
    ...(trust === '' ? {} : { trust }),
    capture: { maxBytes: capture.maxBytes, contentTypes: capture.includeContentTypes },
    ...(copy === undefined ? {} : { copy }),
    timeoutMs: upstream.requestTimeoutMs,
  };
}

function copyPart({ endpoint, headers }: RecordCopy): string {
  const fields = headers.map((header) => {
    const at = `header ${quote(header.name)}`;
    if ('fingerprint' in header) return ` with ${at} of digest ${quote(header.fingerprint)}`;
    const { namespace, name, key } = header.secret;
    return ` with credential ${quote(`${namespace}/${name}/${key}`)} in ${at}`;
  });
  return `copying each record to ${quote(endpoint)}${fields.join('')}`;
}

export function mannerParts({ trust, capture, copy, timeoutMs }: GatewayManner): string[] {
  const isUsual = JSON.stringify(capture) === JSON.stringify(usual.capture);
  const types = capture.contentTypes.map(quote).join(', ');
  const kept = `recording ${capture.maxBytes} bytes of ${types || 'nothing'}`;
  return [
    ...(trust === undefined ? [] : [`trusting the authorities of ${quote(trust)} too`]),
    ...(isUsual ? [] : [kept]),
    ...(copy === undefined ? [] : [copyPart(copy)]),
    ...(timeoutMs === usual.timeoutMs ? [] : [`for ${timeoutMs} ms of silence at most`]),
  ];
}

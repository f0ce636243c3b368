/** What a gateway does to every call, whatever rule takes it: read from its document, and in words. Pure. */
import { digestOf, type GatewayConfig, type LoggingRule, type RecordExport } from '../../contract/index.ts';
import type { GatewayManner, RecordCopy, Way } from './permit.ts';
import { quote, renderCopy } from './phrases.ts';

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

function copyOf(recordExport: RecordExport | undefined): RecordCopy | undefined {
  if (recordExport === undefined || recordExport.broken !== undefined) return undefined;
  return {
    endpoint: recordExport.endpoint,
    headers: recordExport.headers.map(({ name, value, source }) =>
      source === undefined ? { name, fingerprint: fingerprint(value) } : { name, secret: source },
    ),
  };
}

/** What is recorded of a call that these rules are about, and which sinks get a copy; a sink that is not there gets none. */
export function recordedAs(
  { recordSinks = [] }: Pick<Config, 'recordSinks'>,
  logging: LoggingRule | undefined,
): Pick<Way, 'logging' | 'copies'> {
  if (logging === undefined) return {};
  const { sinks = [], ...kept } = logging;
  return { logging: kept, ...copiesTo({ recordSinks }, sinks) };
}

export function copiesTo(
  { recordSinks = [] }: Pick<Config, 'recordSinks'>,
  sinks: readonly string[] = [],
): Pick<Way, 'copies'> {
  const copies = sinks.flatMap((name) => copyOf(recordSinks.find((sink) => sink.name === name)) ?? []);
  return copies.length === 0 ? {} : { copies };
}

export function mannerOf(document: Config): GatewayManner {
  const { upstream, capture } = document;
  const { additionalTrustPem, additionalTrustSource: source } = upstream;
  const trust = source === undefined ? additionalTrustPem : `${source.namespace}/${source.name}`;
  const copy = copyOf(document.recordExport);
  return {
    ...(trust === '' ? {} : { trust }),
    capture: { maxBytes: capture.maxBytes, contentTypes: capture.includeContentTypes },
    ...(copy === undefined ? {} : { copy }),
    timeoutMs: upstream.requestTimeoutMs,
  };
}

export function mannerParts({ trust, capture, copy, timeoutMs }: GatewayManner): string[] {
  const isUsual = JSON.stringify(capture) === JSON.stringify(usual.capture);
  const types = capture.contentTypes.map(quote).join(', ');
  const kept = `recording ${capture.maxBytes} bytes of ${types || 'nothing'}`;
  return [
    ...(trust === undefined ? [] : [`trusting the authorities of ${quote(trust)} too`]),
    ...(isUsual ? [] : [kept]),
    ...(copy === undefined ? [] : [`copying each record to ${renderCopy(copy)}`]),
    ...(timeoutMs === usual.timeoutMs ? [] : [`for ${timeoutMs} ms of silence at most`]),
  ];
}

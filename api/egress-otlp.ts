/** `EgressGateway.spec.otlp`: who gets copies of records, of all or of some, and what is kept of bodies. */
import { Type } from 'typebox';
import { integer, labelLength, list, record, stringMap, text } from './field.ts';
import { headerNameRules } from './rule.ts';

const secretHeader = record('SecretHeader is one header.', {
  name: text('name is the header.', { max: 127, rules: headerNameRules('headersFrom.name') }),
  prefix: Type.Optional(
    text('prefix is put before the value, such as "Bearer "; unset means the Secret holds all of it.', {
      max: 63,
      pattern: '^[ -~]+$',
    }),
  ),
  secretRef: record('secretRef is where the value is.', {
    name: text('name is the Secret.'),
    key: Type.Optional(text('key is the key in the Secret; unset means token.')),
  }),
});

/** `place`: of the endpoint, for people. */
function endpoint(description: string, place: string) {
  return text(description, {
    max: 2_048,
    rules: [
      {
        rule: "isURL(self) && self.matches('^https?://[^/]+')",
        message: `${place} must be an http:// or https:// URL`,
      },
    ],
  });
}

const headers = Type.Optional(
  stringMap(
    'headers are sent with each export; unset means none. Whoever reads the manifest reads them: what is secret belongs in headersFrom.',
    { maxValue: 4_096, max: 32 },
  ),
);

const headersFrom = Type.Optional(
  list(
    'headersFrom are more headers, whose values are in Secrets of the namespace of the gateway; unset means none. While one of them is missing nothing is sent.',
    secretHeader,
    { max: 16, keys: ['name'] },
  ),
);

const sink = record('RecordSink is a receiver of the records of some calls.', {
  name: text('name is the sink, for sinkRef of LoggingPolicies.', { max: labelLength }),
  endpoint: endpoint(
    'endpoint is the base URL of an OTLP/HTTP receiver (protobuf), with the same bounds as otlp.endpoint.',
    'otlp.sinks.endpoint',
  ),
  headers,
  headersFrom,
});

export const otlp = record(
  'otlp sends a copy of the records elsewhere and says what of bodies is kept; unset means no copy.',
  {
    endpoint: Type.Optional(
      endpoint(
        'endpoint is the base URL of an OTLP/HTTP receiver (protobuf), which gets what the store of the platform gets; unset means none. Its name may stand for a private address, never for loopback, link-local or the platform.',
        'otlp.endpoint',
      ),
    ),
    headers,
    headersFrom,
    sinks: Type.Optional(
      list(
        'sinks are receivers of the records of those calls alone whose LoggingPolicy names them (sinkRef), besides the store of the platform and endpoint; unset means none. Each waits, fails and loses for itself.',
        sink,
        { max: 8, keys: ['name'] },
      ),
    ),
    captureBody: Type.Optional(
      record('captureBody is what of bodies is kept; unset means the defaults.', {
        maxBytes: Type.Optional(
          integer('maxBytes is kept of a body in each direction; unset means 65536, 0 means nothing.', {
            max: 16_777_216,
          }),
        ),
        includeContentTypes: Type.Optional(
          list(
            'includeContentTypes are prefixes of media types whose bodies are kept; unset means JSON, NDJSON and event streams.',
            text('One prefix.', { max: 127 }),
            { max: 32 },
          ),
        ),
      }),
    ),
  },
);

/** What a gateway keeps of bodies, and where a copy of its telemetry goes. One block of the manifest, two ideas here. */
import { SizeRoundingBehavior, type Size } from 'cdk8s';
import type { EgressGatewaySpec } from '../api/index.ts';
import { problemOfHeaderName, type SecretValue } from './credential.ts';
import { present } from './custom-resource.ts';

/** Where the value of a header of an export is. */
export interface OtlpSecretHeader {
  /** The header. */
  readonly name: string;
  /** Its value, in a Secret of the gateway's namespace. */
  readonly secret: SecretValue;
  /**
   * Put before the value, such as `Bearer `.
   *
   * @default the Secret holds all of it
   */
  readonly prefix?: string;
}

/**
 * A copy of a gateway's records for a receiver of your own, beside the store of the platform. It never slows a call; what the
 * receiver cannot take in time is lost, and the gateway's condition RecordsExported says so.
 *
 * @example
 * ```ts
 * new EgressGateway(chart, 'out', {
 *   otlp: {
 *     endpoint: 'https://otel.example.com',
 *     headers: { 'x-team': 'support' },
 *     secretHeaders: [{ name: 'authorization', secret: { name: 'otel' }, prefix: 'Bearer ' }],
 *   },
 * });
 * ```
 */
export interface OtlpExport {
  /** Base URL of an OTLP/HTTP receiver (protobuf). */
  readonly endpoint: string;
  /**
   * Sent with each export; they are in git, so never a secret.
   *
   * @default none
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Headers whose values are in Secrets.
   *
   * @default none
   */
  readonly secretHeaders?: readonly OtlpSecretHeader[];
}

/** Who gets a copy of the records of those calls alone whose LoggingPolicy names it. Made by `addSink` of a gateway. */
export interface RecordSink {
  /** Its name in the gateway, for `sink` of LoggingPolicies. */
  readonly sinkName: string;
}

/** What is kept of the bodies of requests and answers. */
export interface BodyCapture {
  /**
   * The most that is kept of a body, in each direction; 0 keeps nothing.
   *
   * @default 64 KiB
   */
  readonly maxSize?: Size;
  /**
   * Prefixes of media types whose bodies are kept.
   *
   * @default JSON, NDJSON and event streams
   */
  readonly contentTypes?: readonly string[];
}

type CaptureSpec = NonNullable<NonNullable<EgressGatewaySpec['otlp']>['captureBody']>;

type SinkSpec = NonNullable<NonNullable<EgressGatewaySpec['otlp']>['sinks']>[number];

// The CRD's own bounds.
const maxSinks = 8;
const maxCaptureKibibytes = 16 * 1024;

function captureSpec({ maxSize, contentTypes }: BodyCapture): CaptureSpec {
  const kibibytes = maxSize?.toKibibytes({ rounding: SizeRoundingBehavior.FLOOR });
  return present({
    maxBytes: kibibytes === undefined ? undefined : kibibytes * 1024,
    includeContentTypes: contentTypes && [...contentTypes],
  });
}

type Receiver = Omit<SinkSpec, 'name'>;

function receiverSpec({ endpoint, headers, secretHeaders }: OtlpExport): Receiver {
  return present({
    endpoint,
    headers: headers && { ...headers },
    headersFrom: secretHeaders?.map(({ name, prefix, secret }) =>
      present({ name, prefix, secretRef: present({ name: secret.name, key: secret.key }) }),
    ),
  });
}

/** @internal */
export interface Telemetry {
  readonly otlp: OtlpExport | undefined;
  readonly captureBody: BodyCapture | undefined;
  /** By name. */
  readonly sinks: ReadonlyMap<string, OtlpExport>;
}

/** @internal */
export function otlpSpec({ otlp, captureBody, sinks }: Telemetry): EgressGatewaySpec['otlp'] {
  if (otlp === undefined && captureBody === undefined && sinks.size === 0) return undefined;
  return present({
    ...(otlp === undefined ? {} : receiverSpec(otlp)),
    sinks:
      sinks.size === 0
        ? undefined
        : [...sinks].map(([name, receiver]): SinkSpec => ({ name, ...receiverSpec(receiver) })),
    captureBody: captureBody && captureSpec(captureBody),
  });
}

function problemOfHeaders({ headers = {}, secretHeaders = [] }: OtlpExport): string | undefined {
  const names = [...Object.keys(headers), ...secretHeaders.map(({ name }) => name)];
  const lower = names.map((name) => name.toLowerCase());
  const twice = names.find((_, index) => lower.indexOf(lower[index] ?? '') < index);
  return (
    names.map(problemOfHeaderName).find((each) => each !== undefined) ?? (twice && `"${twice}" stands twice`)
  );
}

function problemOfReceiver(receiver: OtlpExport, what: string): string | undefined {
  if (!/^https?:\/\/[^/\s]+\S*$/.test(receiver.endpoint)) {
    return `${what} endpoint "${receiver.endpoint}" must be an http:// or https:// URL`;
  }
  const header = problemOfHeaders(receiver);
  return header === undefined ? undefined : `${what} header ${header}`;
}

/** @internal */
export class RecordSinks {
  readonly #all = new Map<string, OtlpExport>();

  /** By name. */
  get all(): ReadonlyMap<string, OtlpExport> {
    return this.#all;
  }

  /** Why it can never work; undefined when it can. */
  add(name: string, receiver: OtlpExport): string | undefined {
    if (name === '' || name.length > 63) return `sink "${name}" must have a name of 1 to 63 characters`;
    if (this.#all.has(name)) return `sink "${name}" stands twice`;
    if (this.#all.size >= maxSinks) return `at most ${maxSinks} sinks of a gateway`;
    const problem = problemOfReceiver(receiver, `sink "${name}"`);
    if (problem === undefined) this.#all.set(name, receiver);
    return problem;
  }
}

/** @internal Why these can never work; undefined when they can. */
export function problemOfTelemetry(otlp?: OtlpExport, capture?: BodyCapture): string | undefined {
  const problem = otlp && problemOfReceiver(otlp, 'otlp');
  if (problem !== undefined) return problem;
  const kibibytes = capture?.maxSize?.toKibibytes({ rounding: SizeRoundingBehavior.FLOOR }) ?? 0;
  return kibibytes > maxCaptureKibibytes ? 'at most 16 MiB of a body can be kept' : undefined;
}

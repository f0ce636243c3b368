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

// The CRD's own bound.
const maxCaptureKibibytes = 16 * 1024;

function captureSpec({ maxSize, contentTypes }: BodyCapture): CaptureSpec {
  const kibibytes = maxSize?.toKibibytes({ rounding: SizeRoundingBehavior.FLOOR });
  return present({
    maxBytes: kibibytes === undefined ? undefined : kibibytes * 1024,
    includeContentTypes: contentTypes && [...contentTypes],
  });
}

/** @internal */
export function otlpSpec(otlp?: OtlpExport, capture?: BodyCapture): EgressGatewaySpec['otlp'] {
  if (otlp === undefined && capture === undefined) return undefined;
  const copy =
    otlp &&
    present({
      endpoint: otlp.endpoint,
      headers: otlp.headers && { ...otlp.headers },
      headersFrom: otlp.secretHeaders?.map(({ name, prefix, secret }) =>
        present({ name, prefix, secretRef: present({ name: secret.name, key: secret.key }) }),
      ),
    });
  return { ...copy, ...(capture === undefined ? {} : { captureBody: captureSpec(capture) }) };
}

function problemOfHeaders({ headers = {}, secretHeaders = [] }: OtlpExport): string | undefined {
  const names = [...Object.keys(headers), ...secretHeaders.map(({ name }) => name)];
  const lower = names.map((name) => name.toLowerCase());
  const twice = names.find((_, index) => lower.indexOf(lower[index] ?? '') < index);
  return (
    names.map(problemOfHeaderName).find((each) => each !== undefined) ?? (twice && `"${twice}" stands twice`)
  );
}

/** @internal Why these can never work; undefined when they can. */
export function problemOfTelemetry(otlp?: OtlpExport, capture?: BodyCapture): string | undefined {
  if (otlp !== undefined && !/^https?:\/\/[^/\s]+\S*$/.test(otlp.endpoint)) {
    return `otlp endpoint "${otlp.endpoint}" must be an http:// or https:// URL`;
  }
  const header = otlp && problemOfHeaders(otlp);
  if (header !== undefined) return `otlp header ${header}`;
  const kibibytes = capture?.maxSize?.toKibibytes({ rounding: SizeRoundingBehavior.FLOOR }) ?? 0;
  return kibibytes > maxCaptureKibibytes ? 'at most 16 MiB of a body can be kept' : undefined;
}

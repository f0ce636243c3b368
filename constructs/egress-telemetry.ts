/** What a gateway keeps of bodies, and where a copy of its telemetry goes. One block of the manifest, two ideas here. */
import { SizeRoundingBehavior, type Size } from 'cdk8s';
import type { EgressGatewaySpec } from '../api/index.ts';
import { present } from './custom-resource.ts';

/** A copy of a gateway's telemetry for a receiver of your own. */
export interface OtlpExport {
  /** Base URL of an OTLP/HTTP receiver. */
  readonly endpoint: string;
  /**
   * Sent with each export; they are in git, so never a secret.
   *
   * @default none
   */
  readonly headers?: Readonly<Record<string, string>>;
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
  const copy = otlp && present({ endpoint: otlp.endpoint, headers: otlp.headers && { ...otlp.headers } });
  return { ...copy, ...(capture === undefined ? {} : { captureBody: captureSpec(capture) }) };
}

/** @internal Why these can never work; undefined when they can. */
export function problemOfTelemetry(otlp?: OtlpExport, capture?: BodyCapture): string | undefined {
  if (otlp !== undefined && !/^https?:\/\/[^/\s]+\S*$/.test(otlp.endpoint)) {
    return `otlp endpoint "${otlp.endpoint}" must be an http:// or https:// URL`;
  }
  const kibibytes = capture?.maxSize?.toKibibytes({ rounding: SizeRoundingBehavior.FLOOR }) ?? 0;
  return kibibytes > maxCaptureKibibytes ? 'at most 16 MiB of a body can be kept' : undefined;
}

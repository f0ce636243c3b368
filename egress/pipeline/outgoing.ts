/** The one request that goes to a candidate, made whole from what was judged; nothing changes it afterwards. Pure. */
import {
  refuse,
  type AwsSigning,
  type Candidate,
  type Decision,
  type Refusal,
  type SitePlan,
  type UpstreamTarget,
} from '../../decision/index.ts';
import type { BodyRead } from '../body/index.ts';
import type { BodyLength, UpstreamRequest } from '../upstream/exchange-port.ts';
import { adapt } from './adapt.ts';
import { signAws } from './aws-signature.ts';
import type { AgentRequest } from './identify.ts';
import { rewriteRequest, withoutDigests } from './rewrite.ts';

/** Without where it goes. */
type Sent = Omit<Outgoing, 'kind' | 'target'>;

export interface Outgoing {
  readonly kind: 'outgoing';
  readonly target: UpstreamTarget;
  readonly request: UpstreamRequest;
  readonly length: BodyLength;
  /** Goes in place of what is held; undefined: that goes as it is, or what comes. */
  readonly body: readonly Buffer[] | undefined;
  /** The name a Backend is asked for; undefined: the agent's. */
  readonly model: string | undefined;
  /** A report of usage was asked for that the agent does not expect. */
  readonly asksUsage: boolean;
}

/** A body that was read to its end. */
export interface ReadBody {
  /** As it was judged: without a content coding. */
  readonly bytes: readonly Buffer[];
  readonly decoded: boolean;
  /** undefined: nothing could be read of it. */
  readonly read: BodyRead | undefined;
}

export interface Judged {
  readonly request: AgentRequest;
  readonly length: BodyLength;
  readonly decision: Extract<Decision, { kind: 'allow' }>;
  /** One of the decision's. */
  readonly candidate: Candidate;
  /** undefined: the body goes through as it comes. */
  readonly body: ReadBody | undefined;
  /** The most one answer may hold, where the request must say so; undefined: it goes as it is. */
  readonly outputCap: number | undefined;
  /** Unix time: a signature holds for minutes. */
  readonly unixMs: number;
}

/** The path as it came. */
function rawPath({ target, query }: AgentRequest): string {
  return query === '' ? target : target.slice(0, target.length - query.length);
}

export function lengthOf(body: readonly Buffer[]): number {
  return body.reduce((sum, { length }) => sum + length, 0);
}

/** What was decoded is sent decoded: the bytes that were judged are the bytes the upstream reads. */
function withoutCoding(request: UpstreamRequest): UpstreamRequest {
  const fields = withoutDigests(request.fields.filter(({ name }) => name !== 'content-encoding'));
  return { ...request, fields };
}

/** The body that goes, and the head that is then true of it. */
function withBody(request: UpstreamRequest, judged: Judged, body: ReadBody): Sent | Refusal {
  const { decision, candidate, outputCap } = judged;
  const { operation, schema, budget } = decision;
  const asked = { operation, schema, budget, backend: candidate.backend, outputCap };
  const rewrite = rewriteRequest(asked, body.bytes, body.read);
  if (rewrite?.kind === 'refuse') return rewrite;
  const plain = body.decoded ? withoutCoding(request) : request;
  if (rewrite === undefined) {
    const length = body.decoded ? lengthOf(body.bytes) : judged.length;
    return { request: plain, length, body: undefined, model: undefined, asksUsage: false };
  }
  return {
    request: { ...plain, fields: withoutDigests(plain.fields) },
    length: lengthOf(rewrite.body),
    body: rewrite.body,
    model: rewrite.model,
    asksUsage: rewrite.asksUsage,
  };
}

const unsignable = refuse(400, 'protocol', 'the query holds an escape that stands for nothing');

/** Signed as it is sent, last of all. */
function signed(sent: Sent, { body, unixMs }: Judged, signing: AwsSigning): Sent | Refusal {
  const bytes = sent.body ?? body?.bytes ?? [];
  const request = signAws(sent.request, bytes, signing, unixMs);
  return request === undefined ? unsignable : { ...sent, request, length: lengthOf(bytes) };
}

export function computeOutgoing(plan: SitePlan, judged: Judged): Outgoing | Refusal {
  const { request, candidate, body, length } = judged;
  const { target } = candidate;
  const path = plan.kind === 'open' && plan.readsPath ? request.path : rawPath(request);
  const adapted = adapt(request, candidate, path);
  const sent =
    body === undefined
      ? { request: adapted, length, body: undefined, model: undefined, asksUsage: false }
      : withBody(adapted, judged, body);
  const signing = candidate.injection?.signing;
  const whole = 'kind' in sent || signing === undefined ? sent : signed(sent, judged, signing);
  return 'kind' in whole ? whole : { kind: 'outgoing', target, ...whole };
}

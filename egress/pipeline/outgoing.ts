/** The one request that goes to a candidate, made whole from what was judged; nothing changes it afterwards. Pure. */
import {
  refuse,
  translatedPaths,
  type AwsSigning,
  type Candidate,
  type Decision,
  type McpAnswers,
  type Refusal,
  type SitePlan,
  type Translation,
  type UpstreamTarget,
} from '../../decision/index.ts';
import type { BodyRead } from '../body/index.ts';
import type { TranslatedRequest } from '../translation/index.ts';
import type { BodyLength, UpstreamRequest } from '../upstream/exchange-port.ts';
import { adapt } from './adapt.ts';
import { signAws } from './aws-signature.ts';
import type { AgentRequest } from './identify.ts';
import { rewriteRequest, withoutDigests } from './rewrite.ts';
import { writeTranslated } from './translated.ts';

/** Without where it goes, and what is to be done with its answer whatever it is. */
type Sent = Omit<Outgoing, 'kind' | 'target' | 'hides' | 'answers'>;

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
  /** The answer is to be translated back, and what was left out; undefined: it goes to the agent as it comes. */
  readonly translated: TranslatedRequest | undefined;
  /** Fields of the answer that its agent does not get, in lower case. */
  readonly hides: readonly string[];
  /** How its answer is cut; undefined: it is not. */
  readonly answers: McpAnswers | undefined;
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
  /** What a budget counts with for one answer, where the request names no limit and is to be written anew; undefined: none counts. */
  readonly outputBound: number | undefined;
  /** Unix time: a signature holds for minutes. */
  readonly unixMs: number;
  /** Unique, for an answer that tells no id and needs one. */
  readonly answerId: string;
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

/** The body goes as it came. Written out: a spread into an object that has parts already is a call into the runtime for each. */
function asItIs(request: UpstreamRequest, length: BodyLength): Sent {
  return { request, length, body: undefined, model: undefined, asksUsage: false, translated: undefined };
}

/** The body that goes, and the head that is then true of it. */
function withBody(request: UpstreamRequest, judged: Judged, body: ReadBody): Sent | Refusal {
  const { decision, candidate, outputCap } = judged;
  const { operation, schema, budget } = decision;
  const { backend, translation } = candidate;
  const spoken = translation === undefined ? schema : backend?.schema;
  const asked = { operation, schema: spoken, budget, backend, outputCap };
  const rewrite = rewriteRequest(asked, body.bytes, body.read);
  if (rewrite?.kind === 'refuse') return rewrite;
  const plain = body.decoded ? withoutCoding(request) : request;
  if (rewrite === undefined) {
    const length = body.decoded ? lengthOf(body.bytes) : judged.length;
    return asItIs(plain, length);
  }
  return {
    request: { ...plain, fields: withoutDigests(plain.fields) },
    length: lengthOf(rewrite.body),
    body: rewrite.body,
    model: rewrite.model,
    asksUsage: rewrite.asksUsage,
    translated: undefined,
  };
}

const unsignable = refuse(400, 'protocol', 'the query holds an escape that stands for nothing');

/** Signed as it is sent, last of all. */
function signed(sent: Sent, { body, unixMs }: Judged, signing: AwsSigning): Sent | Refusal {
  const bytes = sent.body ?? body?.bytes ?? [];
  const request = signAws(sent.request, bytes, signing, unixMs);
  return request === undefined ? unsignable : { ...sent, request, length: lengthOf(bytes) };
}

/** Of a call of the Backend's own API, which it keeps somewhere else; the model stands in the body. */
function ownPath(translation: Translation): string | undefined {
  return translatedPaths(translation, '')[0];
}

function translatedTo(translation: Translation, judged: Judged): Sent | Refusal {
  const { request, decision, candidate, body, outputCap, outputBound, unixMs, answerId: id } = judged;
  const bytes = body?.bytes ?? [];
  const written = writeTranslated({
    request,
    decision,
    candidate,
    translation,
    body: bytes,
    outputCap,
    outputBound,
    id,
    unixMs,
  });
  if (written.kind === 'refuse') return written;
  const { model, translated } = written;
  const sent = [written.body];
  return {
    request: written.request,
    length: lengthOf(sent),
    body: sent,
    model,
    asksUsage: false,
    translated,
  };
}

/** Before it is signed. */
function sentBy(plan: SitePlan, judged: Judged): Sent | Refusal {
  const { request, candidate, body, length } = judged;
  const { translation } = candidate;
  if (translation !== undefined && translation.from !== translation.to)
    return translatedTo(translation, judged);
  const path = plan.kind === 'open' && plan.readsPath ? request.path : rawPath(request);
  const adapted = adapt(request, candidate, {
    path: translation === undefined ? path : (ownPath(translation) ?? path),
    isRead: judged.decision.answers !== undefined,
    edit: judged.decision.headers,
  });
  return body === undefined ? asItIs(adapted, length) : withBody(adapted, judged, body);
}

export function computeOutgoing(plan: SitePlan, judged: Judged): Outgoing | Refusal {
  const { target, injection } = judged.candidate;
  const { answers } = judged.decision;
  const sent = sentBy(plan, judged);
  const signing = injection?.signing;
  const whole = 'kind' in sent || signing === undefined ? sent : signed(sent, judged, signing);
  const hides = judged.decision.headers?.hide?.map((name) => name.toLowerCase()) ?? [];
  if ('kind' in whole) return whole;
  const { request, length, body, model, asksUsage, translated } = whole;
  return {
    kind: 'outgoing',
    target,
    hides,
    answers,
    request,
    length,
    body,
    model,
    asksUsage,
    translated,
  };
}

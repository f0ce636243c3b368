/**
 * The facts of one exchange as they come up, until they become its one record. It only listens: nothing that the exchange does
 * next depends on it.
 */
import type { DenyReason, LoggingRule } from '../../contract/index.ts';
import {
  renderOpener,
  type Candidate,
  type McpFacts,
  type Opener,
  type SitePlan,
  type WouldDeny,
} from '../../decision/index.ts';
import type { Field } from '../http1/index.ts';
import type { Peer } from '../pipeline/call.ts';
import type { Decided } from './deliberation.ts';
import type { Inbound } from './exchange-context.ts';
import type { Failure } from './failure.ts';
import type { AgentRequest, RequestLine } from '../pipeline/identify.ts';
import type { Outgoing } from '../pipeline/outgoing.ts';
import { isSmuggled } from '../pipeline/own-credential.ts';
import { codecFor, type Facts, type ProviderCodec } from '../providers/index.ts';
import { createObserver, type BodyObserver, type BodyRead } from '../body/index.ts';
import type { ApprovalFacts } from '../record/approval-facts.ts';
import { verdictOf } from '../record/audit-attributes.ts';
import type { AttemptFacts } from '../record/attempt-event.ts';
import { createCapture, type BodyCapture } from '../record/capture.ts';
import { computeExchangeRecord, type ExchangeFacts, type SpanRecord } from '../record/exchange-record.ts';
import type { RecordedMessage } from '../record/message-event.ts';
import type { Snapshot } from '../snapshot.ts';
import type { RelayResult } from './relay.ts';

interface MessageLog {
  readonly headAt: number;
  readonly fields: readonly Field[];
  readonly capture: BodyCapture;
  endAt: number;
}

const nothing: ReadonlySet<string> = new Set();
/** Names come from outside and go into records (S50). */
const maxModelLength = 200;

function recorded(log: MessageLog): RecordedMessage {
  const { headAt, endAt, fields, capture } = log;
  return { headAt, endAt, fields, body: capture.result(), bytes: capture.total };
}

export class ExchangeLog {
  readonly facts: Facts = {};
  /** Of its record, where others belong to it; undefined: any. */
  spanId: string | undefined;
  readonly #peer: Peer;
  readonly #tls: boolean;
  readonly #line: RequestLine;
  readonly #startedAt: number;
  readonly #attempts: AttemptFacts[] = [];
  readonly request: MessageLog;
  /** The policy the call went under. */
  snapshot: Snapshot;
  response: MessageLog | undefined;
  responseChunks = 0;
  trailersDropped = 0;
  status: number | undefined;
  /** Of the agent's API. */
  codec: ProviderCodec | undefined;
  /** Of who answers and is paid: another where the call is translated. */
  payee: ProviderCodec | undefined;
  denyReason: DenyReason | undefined;
  denyPolicy: string | undefined;
  error: string | undefined;
  peerAddress: string | undefined;
  budget: ExchangeFacts['budget'];
  approval: ApprovalFacts | undefined;
  retryIneligible: ExchangeFacts['retryIneligible'];
  mcpAnswer: ExchangeFacts['mcpAnswer'];
  #decision: Decided | undefined;
  #opener: Opener | undefined;
  #candidate: Candidate | undefined;
  #smuggled = false;
  #tokenMissing: { readonly policies: readonly string[]; readonly error: string } | undefined;
  /** Of the last try that was translated. */
  #dropped: readonly string[] = [];
  /** The agent's own model, once a candidate was asked. */
  #namedModel: { readonly name: string | undefined } | undefined;
  #logging: LoggingRule | undefined;
  /** Reads a body that goes through unjudged, for the record alone. */
  #observer: BodyObserver | undefined;

  constructor({ peer, tls, line }: Inbound, start: { snapshot: Snapshot; at: number }) {
    this.#peer = peer;
    this.#tls = tls;
    this.#line = line;
    this.snapshot = start.snapshot;
    this.#startedAt = start.at;
    this.request = this.#message(line.fields, start.at);
  }

  #message(fields: readonly Field[], at: number): MessageLog {
    const contentType = fields.find(({ name }) => name === 'content-type')?.value;
    return {
      headAt: at,
      endAt: at,
      fields,
      capture: createCapture(this.snapshot.config.capture, contentType),
    };
  }

  /** `plan`: of the site, by the policy that decided. */
  decided(decision: Decided, plan: SitePlan): void {
    this.#decision = decision;
    this.codec = codecFor(decision.schema, decision.operation?.shape);
    this.payee = this.codec;
    this.#opener = plan.kind === 'open' ? plan.opener : undefined;
    this.#logging = decision.logging;
    if (this.#logging?.captureRequest === false) this.request.capture.drop();
    this.#learn(decision);
  }

  /** What the path and the body say of it; a body that was not read is read as it passes. */
  #learn({ kind, model, operation }: Decided): void {
    if (model !== undefined) this.facts.model = model.slice(0, maxModelLength);
    if (operation?.stream !== undefined) this.facts.stream = operation.stream;
    const isUnread = kind !== 'refuse' && model === undefined && operation?.model.from === 'body';
    if (isUnread) this.#observer ??= createObserver(this.#line.fields);
  }

  /** `model`: the one that is paid for, where it is not the one the agent named. */
  sending(
    request: AgentRequest,
    candidate: Candidate,
    { model, translated }: Pick<Outgoing, 'model' | 'translated'>,
  ): void {
    this.#candidate = candidate;
    this.#tokenMissing = undefined;
    const { translation, backend } = candidate;
    this.payee = translation === undefined ? this.codec : codecFor(backend?.schema, translation.to);
    this.#dropped = translated?.dropped ?? [];
    this.#namedModel ??= { name: this.facts.model };
    const named = model ?? this.#namedModel.name;
    if (named !== undefined) this.facts.model = named;
    const { injection } = candidate;
    this.#smuggled ||= injection !== undefined && isSmuggled(request, injection);
  }

  /** A call that needed a token was not sent for the want of it. */
  tokenMissing(policy: string, error: string): void {
    this.#tokenMissing = { policies: [policy], error };
  }

  attempted(at: number): void {
    const backend = this.#candidate?.backend?.name;
    this.#attempts.push({ at, backend, error: undefined, status: undefined });
  }

  attemptFailed(error: string): void {
    const last = this.#attempts.pop();
    if (last !== undefined) this.#attempts.push({ ...last, error });
  }

  /** With an answer that the agent does not get, because another Backend is asked. */
  attemptAnswered(status: number): void {
    const last = this.#attempts.pop();
    if (last !== undefined) this.#attempts.push({ ...last, status });
  }

  /** What a body that was judged says beside its model. */
  read(read: BodyRead | undefined): void {
    this.#observer = undefined;
    if (read === undefined) return;
    this.facts.stream ??= read.stream ?? false;
    if (read.model !== undefined) this.facts.model ??= read.model.slice(0, maxModelLength);
  }

  /** Bytes of a body that goes through unread. */
  observe(bytes: Buffer): void {
    this.#observer?.push(bytes);
  }

  /** Its end. */
  observed(): void {
    this.read(this.#observer?.end());
  }

  failed({ denyReason, policy, code }: Pick<Failure, 'denyReason' | 'policy' | 'code'>): void {
    [this.denyReason, this.denyPolicy, this.error] = [denyReason, policy, code];
  }

  startResponse(status: number, fields: readonly Field[], at: number): void {
    this.status = status;
    this.response = this.#message(fields, at);
    if (this.#logging?.captureResponse === false) this.response.capture.drop();
  }

  /** What passed of a WebSocket, and why it ended. */
  relayed({ up, down, error }: RelayResult): void {
    this.request.capture.total += up;
    if (this.response !== undefined) this.response.capture.total += down;
    this.error ??= error;
  }

  /** As far as its answer tells now; undefined: nobody can say. */
  get costUsd(): number | undefined {
    return this.payee && this.snapshot.prices.costOf(this.payee.priceId, this.facts, this.#peer.agentId);
  }

  finish(at: number): SpanRecord {
    if (this.response !== undefined) this.response.endAt = at;
    const wouldDeny = this.#wouldDeny();
    return computeExchangeRecord({
      spanId: this.spanId,
      peer: this.#peer,
      tls: this.#tls,
      method: this.#line.method.slice(0, 32),
      target: this.#line.target,
      startedAt: this.#startedAt,
      endedAt: at,
      request: recorded(this.request),
      response: this.response === undefined ? undefined : recorded(this.response),
      responseChunks: this.responseChunks,
      trailersDropped: this.trailersDropped,
      attempts: this.#attempts,
      status: this.status,
      decision: verdictOf(this.denyReason !== undefined, wouldDeny),
      wouldDeny,
      denyReason: this.denyReason,
      denyPolicy: this.denyPolicy,
      mcp: this.#mcp(),
      mcpAnswer: this.mcpAnswer,
      hidden: this.#logging === undefined ? nothing : new Set(this.#logging.redactHeaders),
      sinks: this.#logging?.sinks,
      error: this.error,
      route: this.#routeName(),
      providerRoute: this.#providerRoute(),
      credential: this.#credential(),
      injected: this.#candidate?.injection?.names ?? nothing,
      peerAddress: this.peerAddress,
      ai: this.#ai(),
      facts: this.facts,
      costUsd: this.costUsd,
      translation: this.#translation(),
      budget: this.budget,
      approval: this.approval,
      retryIneligible: this.retryIneligible,
      digest: this.snapshot.policyDigest,
    });
  }

  /** What was refused all the same was not let through. */
  #wouldDeny(): WouldDeny | undefined {
    const decision = this.#decision;
    return this.denyReason === undefined && decision?.kind === 'allow' ? decision.wouldDeny : undefined;
  }

  #translation(): ExchangeFacts['translation'] {
    const translation = this.#candidate?.translation;
    return translation && { from: translation.from, to: translation.to, dropped: this.#dropped };
  }

  #providerRoute(): ExchangeFacts['providerRoute'] {
    const route = this.#decision?.route;
    return route?.kind === 'AIProviderRoute' ? route : undefined;
  }

  #mcp(): McpFacts | undefined {
    const mcp = this.#decision?.mcp;
    // What its rule lets through, and a limit does not.
    return mcp !== undefined && this.denyReason === 'rate_limit' ? { ...mcp, decision: 'deny' } : mcp;
  }

  #credential(): ExchangeFacts['credential'] {
    const refused = this.#decision?.kind === 'refuse' ? this.#decision : undefined;
    if (this.#tokenMissing !== undefined) return { ...this.#tokenMissing, smuggled: this.#smuggled };
    if (refused?.credentialPolicy !== undefined) {
      return { policies: [refused.credentialPolicy], smuggled: false, error: refused.refusal.message };
    }
    const policies = this.#candidate?.injection?.policies ?? [];
    return { policies, smuggled: this.#smuggled, error: undefined };
  }

  #ai(): ExchangeFacts['ai'] {
    const [{ payee }, decision] = [this, this.#decision];
    if (payee === undefined || decision === undefined) return undefined;
    // A socket runs none by itself: its responses have records of their own.
    const isSocket = decision.kind === 'allow' && decision.messages !== undefined;
    const operation = isSocket ? undefined : decision.operation?.name;
    return { system: payee.system, provider: payee.genAiName, operation };
  }

  #routeName(): string | undefined {
    const decision = this.#decision;
    // What passes by audit alone passes by no route.
    if (decision?.kind === 'allow' && decision.wouldDeny !== undefined) return undefined;
    const route = decision?.route ?? this.#opener;
    return route === undefined ? undefined : renderOpener(route);
  }
}

/**
 * One exchange as it is recorded: a span and a summary log, made from plain facts when they are asked for, which is after
 * the answer has gone. Pure, so that a test can say what a record holds. It must never tell a secret: fields are redacted.
 */
import { attribute, renderUsd, type DenyReason } from '../../contract/index.ts';
import type { Peer } from '../pipeline/call.ts';
import type { McpFacts, WouldDeny } from '../../decision/index.ts';
import { credibleCounts, type Facts } from '../providers/index.ts';
import { putApproval, type ApprovalFacts } from './approval-facts.ts';
import { putAudit } from './audit-attributes.ts';
import { addAttempts, errorType, type AttemptFacts } from './attempt-event.ts';
import type { AttributeList, AttributeSink } from './attribute-list.ts';
import { putMcp, type McpAnswerFacts } from './mcp-attributes.ts';
import { addMessage, type RecordedMessage } from './message-event.ts';
import { putPeer } from './peer-attributes.ts';
import { redactTarget } from './redact.ts';
import { listAttributes, type SpanEvent, type SpanLog, type SpanRecord } from './span-record.ts';
import { computeUsageMark } from './usage-mark.ts';

export interface ExchangeFacts {
  readonly spanId?: string | undefined;
  readonly peer: Peer;
  readonly tls: boolean;
  readonly method: string;
  readonly target: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly request: RecordedMessage;
  readonly response: RecordedMessage | undefined;
  readonly responseChunks: number;
  /** Of the request. */
  readonly trailersDropped: number;
  readonly attempts: readonly AttemptFacts[];
  readonly status: number | undefined;
  readonly decision: 'allow' | 'deny' | 'would_deny';
  /** Of `would_deny`. */
  readonly wouldDeny: WouldDeny | undefined;
  readonly denyReason: DenyReason | undefined;
  /** `ns/name` of the EgressDenyPolicy. */
  readonly denyPolicy: string | undefined;
  /** undefined: the host is governed by no MCPRoute. */
  readonly mcp: McpFacts | undefined;
  /** What its server's answer held; undefined: it was not read. */
  readonly mcpAnswer: McpAnswerFacts | undefined;
  /** Header names not to show, besides those that never are. */
  readonly hidden: ReadonlySet<string>;
  readonly sinks: readonly string[] | undefined;
  /** Stable code when the gateway answered in the upstream's place, or the exchange broke. */
  readonly error: string | undefined;
  readonly route: string | undefined;
  readonly providerRoute: { readonly namespace: string; readonly name: string } | undefined;
  readonly credential: {
    readonly policies: readonly string[];
    readonly smuggled: boolean;
    readonly error: string | undefined;
  };
  readonly injected: ReadonlySet<string>;
  readonly peerAddress: string | undefined;
  readonly ai:
    | { readonly system: string; readonly provider: string; readonly operation: string | undefined }
    | undefined;
  readonly facts: Facts;
  /** undefined: it went as the agent wrote it. */
  readonly translation:
    { readonly from: string; readonly to: string; readonly dropped: readonly string[] } | undefined;
  readonly costUsd: number | undefined;
  /** undefined: nothing counted it. */
  readonly budget:
    | {
        readonly reserved: number;
        readonly charged: number;
        /** In billionths of a US dollar. */
        readonly cost?: { readonly reserved: number; readonly charged: number };
      }
    | undefined;
  /** undefined: nobody was to be asked. */
  readonly approval: ApprovalFacts | undefined;
  /** Why no other Backend was asked, though there was one. */
  readonly retryIneligible: 'body_too_large' | undefined;
  readonly digest: string;
}

/** What metrics count of an exchange. */
export interface Outcome {
  readonly status: number | undefined;
  readonly denyReason: DenyReason | undefined;
}

/** What is the same for most calls of an agent: one policy, one route, one model. */
function putSteadyAi(sink: AttributeSink, exchange: ExchangeFacts): void {
  const { ai, facts, providerRoute, translation } = exchange;
  if (ai === undefined) return;
  sink.put(attribute.genAiSystem, ai.system);
  sink.put(attribute.genAiProvider, ai.provider);
  sink.put(attribute.genAiOperation, ai.operation);
  sink.put(attribute.genAiRequestModel, facts.model);
  sink.put(attribute.genAiStream, facts.stream);
  sink.put(attribute.genAiResponseModel, facts.responseModel);
  sink.put(attribute.routeMatched, providerRoute !== undefined);
  sink.put(attribute.translationFrom, translation?.from);
  sink.put(attribute.translationTo, translation?.to);
}

function putVaryingAi(sink: AttributeSink, exchange: ExchangeFacts): void {
  const { ai, facts, response, startedAt, costUsd } = exchange;
  if (ai === undefined) return;
  const streamed = facts.stream === true && response !== undefined;
  sink.put(attribute.genAiResponseId, facts.responseId);
  sink.put(attribute.genAiFinishReasons, facts.finishReasons);
  const counts = credibleCounts(facts);
  sink.put(attribute.genAiInputTokens, counts?.inputTokens);
  sink.put(attribute.genAiOutputTokens, counts?.outputTokens);
  sink.put(attribute.genAiCacheReadTokens, counts?.cacheReadTokens);
  sink.put(attribute.genAiCacheCreationTokens, counts?.cacheCreationTokens);
  sink.put(attribute.genAiReasoningTokens, counts?.reasoningTokens);
  sink.put(attribute.serviceTier, facts.serviceTier);
  sink.put(attribute.usage, computeUsageMark(exchange));
  sink.put(attribute.genAiTimeToFirstChunk, streamed ? (response.headAt - startedAt) / 1000 : undefined);
  sink.put(attribute.costUsd, costUsd);
  putBudget(sink, exchange);
  putDropped(sink, exchange);
}

function putDropped(sink: AttributeSink, { translation }: ExchangeFacts): void {
  if (translation === undefined || translation.dropped.length === 0) return;
  sink.put(attribute.translationDropped, translation.dropped);
}

function putBudget(sink: AttributeSink, { budget }: ExchangeFacts): void {
  sink.put(attribute.budgetReserved, budget?.reserved);
  sink.put(attribute.budgetCharged, budget?.charged);
  sink.put(attribute.budgetReservedCost, budget?.cost && renderUsd(budget.cost.reserved));
  sink.put(attribute.budgetChargedCost, budget?.cost && renderUsd(budget.cost.charged));
}

function renderHost({ peer, tls }: ExchangeFacts): string {
  const host = peer.hostname ?? peer.ip;
  return peer.port === (tls ? 443 : 80) ? host : `${host}:${peer.port}`;
}

function putSteadyHttp(sink: AttributeSink, exchange: ExchangeFacts): void {
  const { credential, providerRoute } = exchange;
  const { policies } = credential;
  sink.put(attribute.httpMethod, exchange.method);
  sink.put(attribute.httpStatus, exchange.status);
  sink.put(attribute.urlScheme, exchange.tls ? 'https' : 'http');
  sink.put(attribute.peerAddress, exchange.peerAddress);
  sink.put(attribute.decision, exchange.decision);
  sink.put(attribute.decisionRoute, exchange.route);
  sink.put(attribute.policyDigest, exchange.digest);
  sink.put(attribute.denyReason, exchange.denyReason);
  sink.put(attribute.denyPolicy, exchange.denyPolicy);
  sink.put(attribute.errorType, exchange.error ?? errorType(exchange.status));
  sink.put(attribute.routeNamespace, providerRoute?.namespace);
  sink.put(attribute.routeName, providerRoute?.name);
  sink.put(attribute.credentialPolicy, policies.length === 0 ? undefined : policies.join(','));
  sink.put(attribute.credentialSmuggled, credential.smuggled ? true : undefined);
  sink.put(attribute.credentialError, credential.error);
}

function putVaryingHttp(sink: AttributeSink, exchange: ExchangeFacts): void {
  const { request, response, wouldDeny } = exchange;
  putAudit(sink, wouldDeny);
  const target = redactTarget(exchange.target);
  const query = target.indexOf('?');
  sink.put(attribute.urlPath, query < 0 ? target : target.slice(0, query));
  sink.put(attribute.urlFull, `${exchange.tls ? 'https' : 'http'}://${renderHost(exchange)}${target}`);
  sink.put(attribute.requestBytes, request.bytes);
  sink.put(attribute.trailersDropped, exchange.trailersDropped > 0 ? exchange.trailersDropped : undefined);
  sink.put(attribute.responseBytes, response?.bytes ?? 0);
  sink.put(attribute.requestTruncated, request.body?.truncated);
  sink.put(attribute.responseTruncated, response?.body?.truncated);
  sink.put(attribute.responseChunks, exchange.responseChunks);
  sink.put(attribute.retryIneligible, exchange.retryIneligible);
  sink.put(attribute.durationMs, Math.round((exchange.endedAt - exchange.startedAt) * 1000) / 1000);
}

function exchangeName({ ai, facts, method, peer }: ExchangeFacts): string {
  if (ai?.operation === undefined) return `${method} ${peer.hostname ?? peer.ip}`;
  return facts.model === undefined ? ai.operation : `${ai.operation} ${facts.model}`;
}

function exchangeError({ error, status }: ExchangeFacts): string | undefined {
  if (error !== undefined) return error;
  return status === undefined || status >= 400 ? `upstream answered ${status ?? 'nothing'}` : undefined;
}

/** One set for most calls: a new one each would be paid on the hot path. */
function hiddenInRequest({ injected, hidden }: ExchangeFacts): ReadonlySet<string> {
  return hidden.size === 0 ? injected : new Set([...injected, ...hidden]);
}

const logOf: Readonly<Record<ExchangeFacts['decision'], SpanLog>> = {
  would_deny: { severity: 'WARN', body: 'egress call would be denied' },
  allow: { severity: 'INFO', body: 'egress call' },
  deny: { severity: 'WARN', body: 'egress call denied' },
};

class ExchangeRecord implements SpanRecord {
  readonly name: string;
  readonly kind = 'server';
  readonly start: number;
  readonly end: number;
  readonly traceparent: string | undefined;
  readonly spanId: string | undefined;
  readonly agentId: string;
  readonly refused: boolean;
  readonly sinks: readonly string[] | undefined;
  readonly steadyOf: object;
  readonly errorMessage: string | undefined;
  readonly log: SpanLog;
  readonly #exchange: ExchangeFacts;

  constructor(exchange: ExchangeFacts) {
    this.#exchange = exchange;
    this.name = exchangeName(exchange);
    [this.start, this.end] = [exchange.startedAt, exchange.endedAt];
    [this.traceparent, this.spanId] = [exchange.peer.traceparent, exchange.spanId];
    this.agentId = exchange.peer.agentId;
    this.refused = exchange.decision === 'deny';
    this.sinks = exchange.sinks;
    this.steadyOf = exchange.peer;
    this.errorMessage = exchangeError(exchange);
    this.log = logOf[exchange.decision];
  }

  putSteady(sink: AttributeSink): void {
    putPeer(sink, this.#exchange.peer);
    putSteadyHttp(sink, this.#exchange);
    putSteadyAi(sink, this.#exchange);
  }

  putVarying(sink: AttributeSink): void {
    putVaryingHttp(sink, this.#exchange);
    putVaryingAi(sink, this.#exchange);
    putMcp(sink, this.#exchange);
    putApproval(sink, this.#exchange.approval);
  }

  get events(): readonly SpanEvent[] {
    const { request, response, hidden, attempts } = this.#exchange;
    const events: SpanEvent[] = [];
    addMessage(events, 'request', request, hiddenInRequest(this.#exchange));
    if (response !== undefined) addMessage(events, 'response', response, hidden);
    addAttempts(events, attempts);
    return events;
  }

  get attributes(): AttributeList {
    return listAttributes(this);
  }
}

/** The whole record of one HTTP exchange. The facts must not change any more. */
export function computeExchangeRecord(exchange: ExchangeFacts): SpanRecord {
  return new ExchangeRecord(exchange);
}

export type { SpanEvent, SpanRecord } from './span-record.ts';

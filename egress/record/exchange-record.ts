/**
 * One exchange as it is recorded: a span and a summary log, computed from plain facts. Pure, so that a test can say
 * what a record holds; the tracer is at the edge (recorder.ts). It must never hold a secret: fields are redacted here.
 */
import { attribute, spanName, type DenyReason } from '../../contract/index.ts';
import { fieldValue, type Field } from '../http1/index.ts';
import type { Peer } from '../pipeline/call.ts';
import type { McpFacts } from '../../decision/index.ts';
import type { Facts } from '../providers/index.ts';
import { AttributeList } from './attribute-list.ts';
import type { CapturedBody } from './capture.ts';
import { headerAttributes, redactTarget } from './redact.ts';

export interface RecordedMessage {
  /** Unix milliseconds when its head was complete. */
  readonly headAt: number;
  readonly endAt: number;
  readonly fields: readonly Field[];
  readonly body: CapturedBody | undefined;
  readonly bytes: number;
}

/** One try at an upstream. */
export interface AttemptFacts {
  /** Unix milliseconds. */
  readonly at: number;
  /** Stable code when it came to nothing. */
  readonly error: string | undefined;
}

export interface ExchangeFacts {
  readonly peer: Peer;
  readonly tls: boolean;
  readonly method: string;
  readonly target: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly request: RecordedMessage;
  readonly response: RecordedMessage | undefined;
  readonly responseChunks: number;
  readonly attempts: readonly AttemptFacts[];
  readonly status: number | undefined;
  readonly decision: 'allow' | 'deny';
  readonly denyReason: DenyReason | undefined;
  /** `ns/name` of the EgressDenyPolicy. */
  readonly denyPolicy: string | undefined;
  /** undefined: the host is governed by no MCPRoute. */
  readonly mcp: McpFacts | undefined;
  /** Header names not to show, besides those that never are. */
  readonly hidden: ReadonlySet<string>;
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
  readonly costUsd: number | undefined;
  readonly digest: string;
}

export interface SpanEvent {
  readonly name: string;
  readonly at: number;
  readonly attributes: AttributeList;
}

/** What metrics count of an exchange. */
export interface Outcome {
  readonly status: number | undefined;
  readonly denyReason: DenyReason | undefined;
}

export interface SpanRecord {
  readonly name: string;
  readonly kind: 'server' | 'internal';
  readonly start: number;
  readonly end: number;
  readonly traceparent: string | undefined;
  readonly attributes: AttributeList;
  readonly events: readonly SpanEvent[];
  /** undefined: no error. */
  readonly errorMessage: string | undefined;
  readonly log: { readonly severity: 'INFO' | 'WARN'; readonly body: string };
}

function putPeer(attributes: AttributeList, peer: Peer): void {
  attributes.put(attribute.component, 'egress');
  attributes.put(attribute.agentKind, peer.agent.kind);
  attributes.put(attribute.agentNamespace, peer.agent.namespace);
  attributes.put(attribute.agentName, peer.agent.name);
  attributes.put(attribute.agentUid, peer.uid);
  attributes.put(attribute.agentRevision, peer.revision);
  attributes.put(attribute.invocationId, peer.invocationId);
  attributes.put(attribute.serverAddress, peer.hostname ?? peer.ip);
  attributes.put(attribute.serverPort, peer.port);
}

function putAi(attributes: AttributeList, { ai, facts, response, startedAt, costUsd }: ExchangeFacts): void {
  if (ai === undefined) return;
  const streamed = facts.stream === true && response !== undefined;
  attributes.put(attribute.genAiSystem, ai.system);
  attributes.put(attribute.genAiProvider, ai.provider);
  attributes.put(attribute.genAiOperation, ai.operation);
  attributes.put(attribute.genAiRequestModel, facts.model);
  attributes.put(attribute.genAiStream, facts.stream);
  attributes.put(attribute.genAiResponseModel, facts.responseModel);
  attributes.put(attribute.genAiResponseId, facts.responseId);
  attributes.put(attribute.genAiFinishReasons, facts.finishReasons);
  attributes.put(attribute.genAiInputTokens, facts.inputTokens);
  attributes.put(attribute.genAiOutputTokens, facts.outputTokens);
  attributes.put(attribute.genAiCacheReadTokens, facts.cacheReadTokens);
  attributes.put(attribute.genAiCacheCreationTokens, facts.cacheCreationTokens);
  attributes.put(attribute.genAiReasoningTokens, facts.reasoningTokens);
  attributes.put(
    attribute.genAiTimeToFirstChunk,
    streamed ? (response.headAt - startedAt) / 1000 : undefined,
  );
  attributes.put(attribute.costUsd, costUsd);
}

function renderHost({ peer, tls }: ExchangeFacts): string {
  const host = peer.hostname ?? peer.ip;
  return peer.port === (tls ? 443 : 80) ? host : `${host}:${peer.port}`;
}

function putHttp(attributes: AttributeList, exchange: ExchangeFacts): void {
  const { request, response } = exchange;
  const scheme = exchange.tls ? 'https' : 'http';
  const target = redactTarget(exchange.target).slice(0, 2048);
  const query = target.indexOf('?');
  attributes.put(attribute.httpMethod, exchange.method);
  attributes.put(attribute.httpStatus, exchange.status);
  attributes.put(attribute.urlScheme, scheme);
  attributes.put(attribute.urlPath, query < 0 ? target : target.slice(0, query));
  attributes.put(attribute.urlFull, `${scheme}://${renderHost(exchange)}${target}`);
  attributes.put(attribute.peerAddress, exchange.peerAddress);
  attributes.put(attribute.requestBytes, request.bytes);
  attributes.put(attribute.responseBytes, response?.bytes ?? 0);
  attributes.put(attribute.requestTruncated, request.body?.truncated);
  attributes.put(attribute.responseTruncated, response?.body?.truncated);
  attributes.put(attribute.responseChunks, exchange.responseChunks);
  attributes.put(attribute.durationMs, Math.round((exchange.endedAt - exchange.startedAt) * 1000) / 1000);
}

function putDecision(attributes: AttributeList, exchange: ExchangeFacts): void {
  const { credential, providerRoute, ai } = exchange;
  const { policies } = credential;
  attributes.put(attribute.decision, exchange.decision);
  attributes.put(attribute.decisionRoute, exchange.route);
  attributes.put(attribute.policyDigest, exchange.digest);
  attributes.put(attribute.denyReason, exchange.denyReason);
  attributes.put(attribute.denyPolicy, exchange.denyPolicy);
  attributes.put(attribute.errorType, exchange.error ?? errorType(exchange.status));
  attributes.put(attribute.routeMatched, ai === undefined ? undefined : providerRoute !== undefined);
  attributes.put(attribute.routeNamespace, providerRoute?.namespace);
  attributes.put(attribute.routeName, providerRoute?.name);
  attributes.put(attribute.credentialPolicy, policies.length === 0 ? undefined : policies.join(','));
  attributes.put(attribute.credentialSmuggled, credential.smuggled ? true : undefined);
  attributes.put(attribute.credentialError, credential.error);
}

function errorType(status: number | undefined): string | undefined {
  return status !== undefined && status >= 400 ? String(status) : undefined;
}

function putMcp(attributes: AttributeList, mcp: McpFacts | undefined): void {
  if (mcp === undefined) return;
  attributes.put(attribute.mcpMethod, mcp.method);
  attributes.put(attribute.mcpToolName, mcp.tool);
  attributes.put(attribute.mcpResourceUri, mcp.resource);
  attributes.put(attribute.mcpRequestId, mcp.id);
  attributes.put(attribute.mcpRouteMatched, mcp.route !== undefined);
  attributes.put(attribute.mcpRouteNamespace, mcp.route?.namespace);
  attributes.put(attribute.mcpRouteName, mcp.route?.name);
  attributes.put(attribute.toolPolicyDecision, mcp.decision);
}

function addMessage(
  events: SpanEvent[],
  direction: 'request' | 'response',
  message: RecordedMessage,
  hidden: ReadonlySet<string>,
): void {
  const headers = headerAttributes(direction, message.fields, hidden);
  events.push({ name: `http.${direction}.headers`, at: message.headAt, attributes: headers });
  if (message.body === undefined) return;
  const attributes = new AttributeList();
  attributes.put(attribute.bodyBase64, message.body.bytes.toString('base64'));
  attributes.put(attribute.bodyBytes, message.body.total);
  attributes.put(attribute.bodyTruncated, message.body.truncated);
  attributes.put(attribute.bodyEncoding, fieldValue(message.fields, 'content-encoding'));
  events.push({ name: `http.${direction}.body`, at: message.endAt, attributes });
}

/** One event an attempt, where there was more than one: a single one is the call itself. */
function addAttempts(events: SpanEvent[], attempts: readonly AttemptFacts[]): void {
  if (attempts.length < 2) return;
  attempts.forEach(({ at, error }, index) => {
    const attributes = new AttributeList();
    attributes.put(attribute.attemptNumber, index + 1);
    attributes.put(attribute.errorType, error);
    events.push({ name: 'egress.attempt', at, attributes });
  });
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

/** The whole record of one HTTP exchange. */
export function computeExchangeRecord(exchange: ExchangeFacts): SpanRecord {
  const { peer, request, response } = exchange;
  const events: SpanEvent[] = [];
  addMessage(events, 'request', request, hiddenInRequest(exchange));
  if (response !== undefined) addMessage(events, 'response', response, exchange.hidden);
  addAttempts(events, exchange.attempts);
  const attributes = new AttributeList();
  putPeer(attributes, peer);
  putHttp(attributes, exchange);
  putAi(attributes, exchange);
  putDecision(attributes, exchange);
  putMcp(attributes, exchange.mcp);
  return {
    name: exchangeName(exchange),
    kind: 'server',
    start: exchange.startedAt,
    end: exchange.endedAt,
    traceparent: peer.traceparent,
    attributes,
    events,
    errorMessage: exchangeError(exchange),
    log: {
      severity: exchange.decision === 'deny' ? 'WARN' : 'INFO',
      body: exchange.decision === 'deny' ? 'egress call denied' : 'egress call',
    },
  };
}

/** A connection that was refused, failed before HTTP, or was relayed as bytes. */
export function computeConnectionRecord(connection: {
  readonly name: (typeof spanName)['tcp' | 'dialDenied' | 'dialFailed'];
  readonly peer: Peer;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly digest: string;
  readonly route: string | undefined;
  readonly denyReason: DenyReason | undefined;
  readonly denyPolicy?: string | undefined;
  readonly error: string | undefined;
  readonly bytes: { readonly up: number; readonly down: number } | undefined;
}): SpanRecord {
  const { peer, bytes, startedAt, endedAt } = connection;
  const denied = connection.denyReason !== undefined;
  const attributes = new AttributeList();
  putPeer(attributes, peer);
  attributes.put(attribute.destinationAddress, peer.ip);
  attributes.put(attribute.destinationName, peer.hostname);
  attributes.put(attribute.decision, denied ? 'deny' : 'allow');
  attributes.put(attribute.decisionRoute, connection.route);
  attributes.put(attribute.policyDigest, connection.digest);
  attributes.put(attribute.denyReason, connection.denyReason);
  attributes.put(attribute.denyPolicy, connection.denyPolicy);
  attributes.put(attribute.failureReason, denied ? undefined : connection.error);
  attributes.put(attribute.errorType, connection.denyReason ?? connection.error);
  attributes.put(attribute.l4BytesUpstream, bytes?.up);
  attributes.put(attribute.l4BytesDownstream, bytes?.down);
  attributes.put(attribute.durationMs, endedAt - startedAt);
  return {
    name: connection.name,
    kind: 'server',
    start: startedAt,
    end: endedAt,
    traceparent: peer.traceparent,
    attributes,
    events: [],
    errorMessage: connection.denyReason ?? connection.error,
    log: connectionLog(denied, connection.error),
  };
}

function connectionLog(denied: boolean, error: string | undefined): SpanRecord['log'] {
  if (denied) return { severity: 'WARN', body: 'egress connection denied' };
  if (error !== undefined) return { severity: 'WARN', body: 'egress connection failed' };
  return { severity: 'INFO', body: 'egress connection' };
}

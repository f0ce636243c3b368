/**
 * One exchange as it is recorded: a span and a summary log, computed from plain facts. Pure, so that a test can say
 * what a record holds; the tracer is at the edge (recorder.ts). It must never hold a secret: fields are redacted here.
 */
import { attribute, spanName, type DenyReason } from '../../contract/index.ts';
import type { Field } from '../http1/index.ts';
import type { Peer } from '../pipeline/call.ts';
import type { McpFacts } from '../pipeline/mcp.ts';
import type { Facts } from '../providers/index.ts';
import { defined, mcpAttributes, type Attributes } from './attributes.ts';
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
  readonly attributes: Attributes;
}

export interface SpanRecord {
  readonly name: string;
  readonly kind: 'server' | 'internal';
  readonly start: number;
  readonly end: number;
  readonly traceparent: string | undefined;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** undefined: no error. */
  readonly errorMessage: string | undefined;
  readonly log: { readonly severity: 'INFO' | 'WARN'; readonly body: string };
}

export function peerAttributes(peer: Peer): Attributes {
  return defined({
    [attribute.component]: 'egress',
    [attribute.agentKind]: peer.agent.kind,
    [attribute.agentNamespace]: peer.agent.namespace,
    [attribute.agentName]: peer.agent.name,
    [attribute.agentUid]: peer.uid,
    [attribute.agentRevision]: peer.revision,
    [attribute.invocationId]: peer.invocationId,
    [attribute.serverAddress]: peer.hostname ?? peer.ip,
    [attribute.serverPort]: peer.port,
  });
}

function aiAttributes(exchange: ExchangeFacts): Attributes {
  const { ai, facts, response } = exchange;
  if (ai === undefined) return {};
  return defined({
    [attribute.genAiSystem]: ai.system,
    [attribute.genAiProvider]: ai.provider,
    [attribute.genAiOperation]: ai.operation,
    [attribute.genAiRequestModel]: facts.model,
    [attribute.genAiStream]: facts.stream,
    [attribute.genAiResponseModel]: facts.responseModel,
    [attribute.genAiResponseId]: facts.responseId,
    [attribute.genAiFinishReasons]: facts.finishReasons,
    [attribute.genAiInputTokens]: facts.inputTokens,
    [attribute.genAiOutputTokens]: facts.outputTokens,
    [attribute.genAiCacheReadTokens]: facts.cacheReadTokens,
    [attribute.genAiCacheCreationTokens]: facts.cacheCreationTokens,
    [attribute.genAiReasoningTokens]: facts.reasoningTokens,
    [attribute.genAiTimeToFirstChunk]:
      facts.stream === true && response !== undefined
        ? (response.headAt - exchange.startedAt) / 1000
        : undefined,
    [attribute.costUsd]: exchange.costUsd,
  });
}

function renderHost({ peer, tls }: ExchangeFacts): string {
  const host = peer.hostname ?? peer.ip;
  return peer.port === (tls ? 443 : 80) ? host : `${host}:${peer.port}`;
}

function httpAttributes(exchange: ExchangeFacts): Attributes {
  const { request, response } = exchange;
  const scheme = exchange.tls ? 'https' : 'http';
  const target = redactTarget(exchange.target).slice(0, 2048);
  return defined({
    [attribute.httpMethod]: exchange.method,
    [attribute.httpStatus]: exchange.status,
    [attribute.urlScheme]: scheme,
    [attribute.urlPath]: target.split('?')[0] ?? target,
    [attribute.urlFull]: `${scheme}://${renderHost(exchange)}${target}`,
    [attribute.peerAddress]: exchange.peerAddress,
    [attribute.requestBytes]: request.bytes,
    [attribute.responseBytes]: response?.bytes ?? 0,
    [attribute.requestTruncated]: request.body?.truncated,
    [attribute.responseTruncated]: response?.body?.truncated,
    [attribute.responseChunks]: exchange.responseChunks,
    [attribute.durationMs]: Math.round((exchange.endedAt - exchange.startedAt) * 1000) / 1000,
  });
}

function decisionAttributes(exchange: ExchangeFacts): Attributes {
  const { credential, providerRoute } = exchange;
  return defined({
    [attribute.decision]: exchange.decision,
    [attribute.decisionRoute]: exchange.route,
    [attribute.policyDigest]: exchange.digest,
    [attribute.denyReason]: exchange.denyReason,
    [attribute.denyPolicy]: exchange.denyPolicy,
    [attribute.errorType]: exchange.error ?? errorType(exchange.status),
    [attribute.routeMatched]: exchange.ai === undefined ? undefined : providerRoute !== undefined,
    [attribute.routeNamespace]: providerRoute?.namespace,
    [attribute.routeName]: providerRoute?.name,
    [attribute.credentialPolicy]:
      credential.policies.length === 0 ? undefined : credential.policies.join(','),
    [attribute.credentialSmuggled]: credential.smuggled ? true : undefined,
    [attribute.credentialError]: credential.error,
  });
}

function errorType(status: number | undefined): string | undefined {
  return status !== undefined && status >= 400 ? String(status) : undefined;
}

function messageEvents(
  direction: 'request' | 'response',
  message: RecordedMessage,
  hidden: ReadonlySet<string>,
): SpanEvent[] {
  const headers = headerAttributes(direction, message.fields, hidden);
  const events: SpanEvent[] = [
    { name: `http.${direction}.headers`, at: message.headAt, attributes: headers },
  ];
  if (message.body !== undefined) {
    const encoding = message.fields.find(({ name }) => name === 'content-encoding')?.value;
    const attributes = defined({
      [attribute.bodyBase64]: message.body.bytes.toString('base64'),
      [attribute.bodyBytes]: message.body.total,
      [attribute.bodyTruncated]: message.body.truncated,
      [attribute.bodyEncoding]: encoding,
    });
    events.push({ name: `http.${direction}.body`, at: message.endAt, attributes });
  }
  return events;
}

function exchangeName({ ai, facts, method, peer }: ExchangeFacts): string {
  if (ai?.operation === undefined) return `${method} ${peer.hostname ?? peer.ip}`;
  return facts.model === undefined ? ai.operation : `${ai.operation} ${facts.model}`;
}

function exchangeError({ error, status }: ExchangeFacts): string | undefined {
  if (error !== undefined) return error;
  return status === undefined || status >= 400 ? `upstream answered ${status ?? 'nothing'}` : undefined;
}

/** The whole record of one HTTP exchange. */
export function computeExchangeRecord(exchange: ExchangeFacts): SpanRecord {
  const { peer, request, response } = exchange;
  const { hidden } = exchange;
  const events = messageEvents('request', request, new Set([...exchange.injected, ...hidden]));
  if (response !== undefined) events.push(...messageEvents('response', response, hidden));
  return {
    name: exchangeName(exchange),
    kind: 'server',
    start: exchange.startedAt,
    end: exchange.endedAt,
    traceparent: peer.traceparent,
    // Spreading objects of this size makes each of them a hash table: most of a record's cost.
    attributes: Object.assign(
      peerAttributes(peer),
      httpAttributes(exchange),
      aiAttributes(exchange),
      decisionAttributes(exchange),
      mcpAttributes(exchange.mcp),
    ),
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
  const { peer, bytes } = connection;
  const denied = connection.denyReason !== undefined;
  return {
    name: connection.name,
    kind: 'server',
    start: connection.startedAt,
    end: connection.endedAt,
    traceparent: peer.traceparent,
    attributes: {
      ...peerAttributes(peer),
      ...defined({
        [attribute.destinationAddress]: peer.ip,
        [attribute.destinationName]: peer.hostname,
        [attribute.decision]: denied ? 'deny' : 'allow',
        [attribute.decisionRoute]: connection.route,
        [attribute.policyDigest]: connection.digest,
        [attribute.denyReason]: connection.denyReason,
        [attribute.denyPolicy]: connection.denyPolicy,
        [attribute.failureReason]: denied ? undefined : connection.error,
        [attribute.errorType]: connection.denyReason ?? connection.error,
        [attribute.l4BytesUpstream]: bytes?.up,
        [attribute.l4BytesDownstream]: bytes?.down,
        [attribute.durationMs]: connection.endedAt - connection.startedAt,
      }),
    },
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

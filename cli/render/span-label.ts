/**
 * What one span says in a tree: a short label and the facts a person looks for (host, model, tokens, cost, decision).
 * Pure; apart from the drawing because it follows contract's attribute names, which still move.
 */
import { attribute, spanName } from '../../contract/index.ts';
import type { SpanRecord } from './span.ts';

/** What is read of a span here; a log line of the gateway has the same attributes. */
type Attributed = Pick<SpanRecord, 'attributes' | 'statusCode' | 'statusMessage'>;

/** Undefined where it is not there, empty, or no plain value. */
function text(span: Attributed, name: string): string | undefined {
  const value = span.attributes[name];
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Stores keep attribute values as strings: a number may arrive as either. */
function number(span: Attributed, name: string): number | undefined {
  const value = Number(text(span, name) ?? 'none');
  return Number.isFinite(value) ? value : undefined;
}

function target(span: Attributed): string | undefined {
  const host = text(span, attribute.serverAddress) ?? text(span, attribute.destinationName);
  if (host === undefined) return text(span, attribute.destinationAddress);
  const port = number(span, attribute.serverPort);
  return port === undefined || port === 443 ? host : `${host}:${port}`;
}

/** An outbound exchange: an HTTP call, a raw connection, or one that was refused. */
function isOutbound(span: SpanRecord): boolean {
  return !span.name.startsWith('ingress.') && !span.name.startsWith('sandbox.') && target(span) !== undefined;
}

/** `POST api.openai.com/v1/chat/completions`, `create`, `ingress.dispatch`. */
export function spanLabel(span: SpanRecord): string {
  if (isOutbound(span)) {
    const verb = text(span, attribute.httpMethod) ?? span.name.replace(/^egress\./, '');
    return `${verb} ${target(span) ?? ''}${text(span, attribute.urlPath) ?? ''}`;
  }
  const known: readonly string[] = [spanName.dispatch, spanName.invoke];
  return known.includes(span.name) ? span.name : span.name.replace(/^sandbox\./, '');
}

function tokens(span: Attributed): string | undefined {
  const input = number(span, attribute.genAiInputTokens);
  const output = number(span, attribute.genAiOutputTokens);
  if (input === undefined && output === undefined) return undefined;
  return `${input ?? '?'} in + ${output ?? '?'} out tokens`;
}

function cost(span: Attributed): string | undefined {
  const usd = number(span, attribute.costUsd);
  if (usd === undefined) return undefined;
  // A short call costs a thousandth of a cent: two decimals would say nothing.
  return `$${usd === 0 ? '0' : usd.toFixed(usd < 0.01 ? 6 : 4)}`;
}

function decision(span: Attributed): string | undefined {
  const reason = text(span, attribute.denyReason);
  if (reason !== undefined) return `denied: ${reason}`;
  const verdict = text(span, attribute.decision);
  const route = text(span, attribute.decisionRoute);
  if (verdict === 'allow') return route === undefined ? 'allowed' : `allowed by ${route}`;
  if (verdict === 'would_deny') {
    const opens = text(span, attribute.auditOpens);
    const why = `would be denied: ${text(span, attribute.auditReason) ?? 'policy'}`;
    return opens === undefined ? why : `${why}, opened by ${opens}`;
  }
  return verdict === 'deny' ? 'denied' : undefined;
}

function failure(span: Attributed): string | undefined {
  if (span.statusCode === undefined || !/error/i.test(span.statusCode)) return undefined;
  if (text(span, attribute.denyReason) !== undefined) return undefined;
  const message = span.statusMessage ?? '';
  return message === '' ? `error: ${text(span, attribute.errorType) ?? 'failed'}` : `error: ${message}`;
}

function status(span: Attributed): string | undefined {
  const code = text(span, attribute.httpStatus);
  return code === undefined ? undefined : `HTTP ${code}`;
}

function exit(span: Attributed): string | undefined {
  const code = text(span, attribute.exitCode);
  return code === undefined ? undefined : `exit ${code}`;
}

function model(span: Attributed): string | undefined {
  return text(span, attribute.genAiResponseModel) ?? text(span, attribute.genAiRequestModel);
}

/** The facts, in reading order. */
export function spanFacts(span: Attributed): readonly string[] {
  const facts = [status, exit, model, tokens, cost, decision, failure];
  return facts.map((fact) => fact(span)).filter((fact) => fact !== undefined);
}

/** What the gateway logged of a call: where it went, and what was decided. Nothing for lines of agents. */
export function logFacts(line: Attributed): readonly string[] {
  const host = target(line);
  if (host === undefined) return [];
  const verb = text(line, attribute.httpMethod);
  const call = `${verb === undefined ? '' : `${verb} `}${host}${text(line, attribute.urlPath) ?? ''}`;
  return [call, ...spanFacts(line)];
}

export function isDenied(span: SpanRecord): boolean {
  return text(span, attribute.denyReason) !== undefined || text(span, attribute.decision) === 'deny';
}

/** What set the invocation off, for the line above the tree. */
export function triggerLabel(span: SpanRecord): string | undefined {
  const trigger = text(span, attribute.trigger);
  const name = text(span, attribute.agentName);
  if (trigger === undefined && name === undefined) return undefined;
  const agent = name === undefined ? '' : `${text(span, attribute.agentNamespace) ?? 'default'}/${name}`;
  return [`${trigger ?? 'unknown'} trigger`, agent, text(span, attribute.invocationId) ?? '']
    .filter((part) => part !== '')
    .join(' · ');
}

export { text as attributeText };

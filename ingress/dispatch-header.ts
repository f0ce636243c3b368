/**
 * Headers from the caller to the worker and from the worker to the caller. Pure. Platform headers of the caller are
 * dropped and set anew (it must not be able to name a revision or an invocation it does not run), hop-by-hop headers
 * end here, CloudEvents attributes the caller gave win over ours.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { header, invokeEventType, type IngressAgent } from '../contract/index.ts';

/** RFC 9110 7.6.1, and `expect`, which is between the caller and us. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

export interface DispatchFacts {
  readonly agent: IngressAgent;
  readonly revision: string;
  readonly invocationId: string;
  readonly trigger: string;
  readonly now: Date;
  readonly traceHeaders: Readonly<Record<string, string>>;
}

function named(connection: string | undefined): Set<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
}

function passes(name: string, alsoHop: ReadonlySet<string>): boolean {
  return !hopByHop.has(name) && !alsoHop.has(name);
}

function cloudEventDefaults(facts: DispatchFacts, caller: IncomingHttpHeaders): Record<string, string> {
  const { agent, trigger, now, invocationId } = facts;
  const execution = caller[header.executionId] ?? caller['x-request-id'];
  return {
    'ce-specversion': '1.0',
    'ce-id': typeof execution === 'string' && execution !== '' ? execution : invocationId,
    'ce-source': `clrk://${agent.namespace}/${agent.name}`,
    'ce-type': invokeEventType,
    'ce-time': now.toISOString(),
    'ce-subject': trigger,
  };
}

export function renderDispatchHeaders(
  caller: IncomingHttpHeaders,
  facts: DispatchFacts,
): OutgoingHttpHeaders {
  const { agent, revision, invocationId, trigger, traceHeaders } = facts;
  const alsoHop = named(caller.connection);
  const out: OutgoingHttpHeaders = cloudEventDefaults(facts, caller);
  for (const [name, value] of Object.entries(caller)) {
    if (value === undefined || !passes(name, alsoHop) || name === 'host') continue;
    if (name === header.traceparent || name === header.tracestate) continue;
    if (name.startsWith('x-clrk-') && name !== header.executionId) continue;
    out[name] = value;
  }
  return {
    ...out,
    ...(caller.host === undefined ? {} : { 'x-forwarded-host': caller.host }),
    'x-forwarded-proto': 'http',
    ...traceHeaders,
    [header.taskAgent]: `${agent.namespace}/${agent.name}`,
    [header.invocationId]: invocationId,
    [header.trigger]: trigger.toLowerCase(),
    [header.revision]: revision,
  };
}

/** The worker's answer for the caller, with the invocation's id on it. */
export function renderAnswerHeaders(
  worker: IncomingHttpHeaders,
  invocationId: string,
  workerAddress: string,
): OutgoingHttpHeaders {
  const alsoHop = named(worker.connection);
  const out: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(worker)) {
    if (value !== undefined && passes(name, alsoHop)) out[name] = value;
  }
  out[header.invocationId] = invocationId;
  out[header.workerEndpoint] = workerAddress;
  return out;
}

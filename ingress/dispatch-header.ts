/**
 * Headers from the caller to the worker and from the worker to the caller. Pure. What only the platform says is
 * dropped from the caller's and set anew (it must not be able to name a revision, a source, a trigger or an identity),
 * hop-by-hop headers end here, the attributes of the caller's own CloudEvent (id, type, time, extensions) are kept.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import {
  agentId,
  header,
  hopByHop,
  invokeEventType,
  isPlatformAttribute,
  renderFactHeaders,
  type InvocationFacts,
} from '../contract/index.ts';

export interface DispatchFacts {
  readonly facts: InvocationFacts;
  readonly revision: string;
  readonly traceHeaders: Readonly<Record<string, string>>;
}

/** Those that go on; `expect` is between two connections. */
function passing(headers: IncomingHttpHeaders): Array<[string, string | string[]]> {
  const isHop = hopByHop(headers.connection);
  return Object.entries(headers).flatMap(([name, value]): Array<[string, string | string[]]> =>
    value === undefined || isHop(name) || name === 'expect' ? [] : [[name, value]],
  );
}

/** What a caller may say of its own event, and does not. */
function cloudEventDefaults(facts: InvocationFacts, caller: IncomingHttpHeaders): Record<string, string> {
  const execution = caller[header.executionId] ?? caller['x-request-id'];
  return {
    'ce-id': typeof execution === 'string' && execution !== '' ? execution : facts.id,
    'ce-type': invokeEventType,
    'ce-time': new Date(facts.createdAt).toISOString(),
  };
}

/** What only the platform says, to the agent and to the worker. */
function platformHeaders({ facts, revision, traceHeaders }: DispatchFacts): Record<string, string> {
  const { agent, id, trigger } = facts;
  const name = `${agent.namespace}/${agent.name}`;
  return {
    'ce-specversion': '1.0',
    'ce-source': `clrk://${name}`,
    'ce-subject': trigger.type,
    'x-forwarded-proto': 'http',
    ...traceHeaders,
    ...renderFactHeaders(facts),
    [header.agent]: agentId(agent),
    // Workers before 0.2 know agents by this.
    [header.taskAgent]: name,
    [header.invocationId]: id,
    [header.revision]: revision,
  };
}

/** Set by us alone, under any spelling of theirs. */
function isOurs(name: string): boolean {
  if (name === header.traceparent || name === header.tracestate || name === 'host') return true;
  if (name.startsWith('ce-')) return isPlatformAttribute(name.slice('ce-'.length).toLowerCase());
  return name.startsWith('x-clrk-') && name !== header.executionId;
}

export function renderDispatchHeaders(
  caller: IncomingHttpHeaders,
  facts: DispatchFacts,
): OutgoingHttpHeaders {
  return {
    ...cloudEventDefaults(facts.facts, caller),
    ...Object.fromEntries(passing(caller).filter(([name]) => !isOurs(name))),
    ...(caller.host === undefined ? {} : { 'x-forwarded-host': caller.host }),
    ...platformHeaders(facts),
  };
}

/** Every agent answers under one origin: a browser must not take one's bytes for more than they are said to be. */
export const sharedOriginHeaders: Readonly<Record<string, string>> = { 'x-content-type-options': 'nosniff' };

/** The worker's answer for the caller, with the invocation's id on it. */
export function renderAnswerHeaders(
  worker: IncomingHttpHeaders,
  invocationId: string,
  workerAddress: string,
): OutgoingHttpHeaders {
  return {
    ...Object.fromEntries(passing(worker)),
    ...sharedOriginHeaders,
    [header.invocationId]: invocationId,
    [header.workerEndpoint]: workerAddress,
  };
}

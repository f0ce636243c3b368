/**
 * The one request that goes to a candidate, made whole from what was judged; nothing changes it afterwards. Pure.
 */
import type { Decision, Refusal, SitePlan, UpstreamTarget } from '../../decision/index.ts';
import type { BodyLength } from '../upstream/exchange-port.ts';
import { adapt, type UpstreamRequest } from './adapt.ts';
import type { AgentRequest } from './identify.ts';
import { mayRewrite, rewriteRequest, withoutDigests } from './rewrite.ts';

export interface Outgoing {
  readonly kind: 'outgoing';
  readonly target: UpstreamTarget;
  readonly request: UpstreamRequest;
  readonly length: BodyLength;
  /** Goes in place of the agent's; undefined: that goes as it is. */
  readonly body: Buffer | undefined;
  /** The name a Backend is asked for; undefined: the agent's. */
  readonly model: string | undefined;
}

export interface Judged {
  readonly request: AgentRequest;
  readonly length: BodyLength;
  readonly decision: Extract<Decision, { kind: 'allow' }>;
  /** The whole body where it was read; undefined: it goes through as it comes. */
  readonly body: Buffer | undefined;
}

/** The path as it came. */
function rawPath({ target, query }: AgentRequest): string {
  return query === '' ? target : target.slice(0, target.length - query.length);
}

export function computeOutgoing(plan: SitePlan, judged: Judged): Outgoing | Refusal {
  const { request, decision, body, length } = judged;
  const [candidate] = decision.candidates;
  const path = plan.kind === 'open' && plan.readsPath ? request.path : rawPath(request);
  const adapted = adapt(request, candidate, path);
  const { target } = candidate;
  const asked = { ...decision, ...candidate };
  const rewrite = body !== undefined && mayRewrite(asked) ? rewriteRequest(asked, body) : undefined;
  if (rewrite === undefined) {
    return { kind: 'outgoing', target, request: adapted, length, body: undefined, model: undefined };
  }
  if (rewrite.kind === 'refuse') return rewrite;
  return {
    kind: 'outgoing',
    target,
    request: { ...adapted, fields: withoutDigests(adapted.fields) },
    length: rewrite.body.length,
    body: rewrite.body,
    model: rewrite.model,
  };
}

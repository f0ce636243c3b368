/** Asking the decision core as a gateway does: a policy, a destination, a call, and the answer as one line of text. */
import type { GatewayConfig, Hostname } from '../../contract/index.ts';
import {
  decide,
  noApprovals,
  PolicyIndex,
  RequestHead,
  SitePlans,
  type Call,
  type Decision,
  type Site,
} from '../../decision/index.ts';

export function site(host: string, change: Partial<Site> = {}): Site {
  return {
    agent: 'TaskAgent/default/a',
    hostname: host as Hostname,
    ip: undefined,
    port: 443,
    tls: true,
    ...change,
  };
}

export function call(change: Partial<Call> = {}): Call {
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    queryNames: [],
    claims: [],
    head: new RequestHead({ query: '', fields: [], bodyBytes: 0 }),
    upgrade: false,
    invocationId: 'i',
    body: { kind: 'inference', model: 'gpt-4o' },
    approvals: noApprovals,
    ...change,
  };
}

export const naming = (model: string | undefined): Pick<Call, 'body'> => ({
  body: { kind: 'inference', model },
});

export function ask(config: GatewayConfig, where: Site, asked: Call): Decision {
  return decide(new SitePlans(new PolicyIndex(config)).at(where), asked);
}

/** `allow host:port`, `need-body model` or `403 reason`. */
export function render(decision: Decision): string {
  switch (decision.kind) {
    case 'allow': {
      const { target } = decision.candidates[0];
      return `allow ${target.hostname ?? target.ip ?? ''}:${target.port}`;
    }
    case 'need-body':
      return `need-body ${decision.need}`;
    case 'ask':
      return `ask ${decision.ask.call.tool ?? decision.ask.call.path ?? ''}`;
    case 'refuse':
      return `${decision.refusal.status} ${decision.refusal.reason}`;
    default:
      return decision satisfies never;
  }
}

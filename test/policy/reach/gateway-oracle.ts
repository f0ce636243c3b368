/**
 * What worker and gateway really do with an attempt: the worker's own check, the listener's own table and `decide` over one
 * SitePlans of each compiled document, kept over all attempts as a gateway keeps it. Every way a call may go is one line of
 * text; none: refused.
 */
import {
  chooseListener,
  computeAction,
  decideConnection,
  parseHostname,
  shapeOf,
  type Hostname,
  type RouteBackend,
} from '../../../contract/index.ts';
import {
  countCall,
  decide,
  judgeAnswers,
  noApprovals,
  parseQueryNames,
  PolicyIndex,
  RequestHead,
  readClaims,
  SitePlans,
  chooseRelay,
  type Ask,
  type AwsSigning,
  type TokenNeed,
  type Call,
  type Candidate,
  type CallBody,
  type Decision,
  type SitePlan,
  type UpstreamTarget,
} from '../../../decision/index.ts';
import type { GatewayDocument, ReachDocuments } from '../../../policy/reach/index.ts';
import type { Attempt } from './random/attempt.ts';
import { renderWay } from './way.ts';

/** Enough of them that each backend is some invocation's: the weights of a rule add up to 6 at most. */
export const invocationIds = Array.from({ length: 64 }, (_, index) => `invocation-${index}`);

/** As egress reads a body that a decision waits for. */
function readBody({ rpc, model }: Attempt, need: string): CallBody {
  if (need === 'rpc') {
    if (rpc === undefined) return { kind: 'inference', model };
    return { kind: 'rpc', rpc: { batch: rpc.length > 1, messages: rpc } };
  }
  return rpc === undefined ? { kind: 'inference', model } : { kind: 'inference', model: undefined };
}

const placeOf = ({ hostname, ip, port, via, plain }: UpstreamTarget, wire: string): string => {
  const there = via === undefined ? '' : ` at ${via.hostname ?? via.ip ?? ''}:${via.port}`;
  const bare = plain === true && wire === 'tls' ? ' bare' : '';
  return `${hostname ?? ip ?? ''}:${port}${there}${bare}`;
};

type Wire = 'HTTPS' | 'HTTP' | 'TLS' | 'TCP';

class Gateway {
  readonly #document: GatewayDocument;
  readonly #plans: SitePlans;
  readonly #invocations: readonly string[];

  constructor(document: GatewayDocument) {
    const { providerRoutes, mcpRoutes = [], destinations } = document;
    const lists = [...providerRoutes, ...mcpRoutes, destinations].flatMap(({ rules }) =>
      rules.map((rule: { readonly backends?: readonly RouteBackend[] }) => rule.backends ?? []),
    );
    const chooses = lists.some(({ length }) => length > 1);
    this.#invocations = invocationIds.slice(0, chooses ? undefined : 1);
    this.#document = document;
    this.#plans = new SitePlans(new PolicyIndex(document));
  }

  /** The pins a dial would use; false: it is refused. */
  #dial(agentId: string, target: UpstreamTarget): readonly string[] | undefined | false {
    const { hostname, ip, port } = target.via ?? target;
    const pinned = hostname === undefined ? undefined : this.#plans.index.pins.get(hostname);
    const written = target.via !== undefined && ip !== undefined ? [ip] : pinned;
    if (written === undefined) return undefined;
    const request = { agentId, port, pinned, plain: target.plain };
    const verdict = judgeAnswers(this.#document.destinations, request, written);
    return verdict.kind === 'refused' ? false : pinned;
  }

  #decide(attempt: Attempt, hostname: Hostname | undefined, invocationId: string): Decision {
    const { agent, ip, port, method, path, upgrade, queryNames, fields, hasBody } = attempt;
    const head = new RequestHead(attempt.head ?? { query: '', fields, bodyBytes: hasBody ? 1 : 0 });
    const where = { ip: hostname === undefined ? ip : undefined, hostname, port };
    const plan = this.#plans.at({ agent, ...where, tls: attempt.wire === 'tls' });
    let call: Call = {
      method,
      path,
      upgrade,
      queryNames: attempt.head === undefined ? queryNames : parseQueryNames(head.query),
      head,
      claims: readClaims(fields),
      invocationId,
      body: { kind: hasBody ? 'unread' : 'none' },
      approvals: noApprovals,
    };
    let decision = decide(plan, call);
    if (decision.kind === 'need-body') {
      call = { ...call, body: readBody(attempt, decision.need) };
      decision = decide(plan, call);
    }
    return decision;
  }

  /** Every candidate may be the one that answers. */
  #call(attempt: Attempt, hostname: Hostname | undefined, invocationId: string): Array<string | undefined> {
    const decision = this.#decide(attempt, hostname, invocationId);
    const allowed = decision.kind === 'ask' ? decision.allowed : decision;
    const asksPerson = decision.kind === 'ask';
    return allowed.kind === 'allow'
      ? allowed.candidates.map((candidate) => this.#send(attempt, { ...allowed, asksPerson }, candidate))
      : [];
  }

  #send(
    attempt: Attempt,
    decision: Pick<
      Extract<Decision, { kind: 'allow' }>,
      'budget' | 'logging' | 'counts' | 'headers' | 'wouldDeny'
    > & {
      readonly asksPerson: boolean;
    },
    { target, backend, injection }: Candidate,
  ): string | undefined {
    const pinned = this.#dial(attempt.agent, target);
    if (pinned === false) return undefined;
    const secrets = this.#document.credentials;
    const sourceOf = (place: string, value: string): string => {
      const found = secrets.find(({ inject }) => 'value' in inject && inject.value === value);
      return `${place}=${found?.source?.name ?? ''}/${found?.source?.key ?? ''}`;
    };
    const signedBy = ({ accessKeyId, service, region }: AwsSigning): string => {
      const found = secrets.find(
        ({ inject }) => inject.type === 'AWSv4' && inject.keys?.accessKeyId === accessKeyId,
      );
      return `signature ${service}/${region}=${found?.source?.name ?? ''}/${found?.source?.key ?? ''}`;
    };
    const askedBy = ({ inject }: TokenNeed): string => {
      const found = secrets.find((each) => each.inject === inject);
      return `token ${inject.endpoint}=${found?.source?.name ?? ''}/${found?.source?.key ?? ''}`;
    };
    return renderWay({
      protocol: attempt.wire === 'tls' ? 'HTTPS' : 'HTTP',
      target: placeOf(target, attempt.wire),
      pinned,
      credentials: [
        ...(injection?.fields ?? []).map(({ name, value }) => sourceOf(`header ${name}`, value)),
        ...(injection?.query ?? []).map(([name, value]) => sourceOf(`query ${name}`, value)),
        ...(injection?.signing === undefined ? [] : [signedBy(injection.signing)]),
        ...(injection?.token === undefined ? [] : [askedBy(injection.token)]),
      ],
      renames: backend?.modelRewrites ?? [],
      asksUsage: backend?.ensureStreamUsage ?? false,
      asksPerson: decision.asksPerson,
      headers: decision.headers,
      audited: decision.wouldDeny !== undefined,
      budget: decision.budget,
      logging: decision.logging,
      copies: this.#copiesTo(decision.logging?.sinks),
      counts: decision.counts,
      ...this.#manner(),
    });
  }

  #copiesTo(sinks: readonly string[] = []): string[] {
    const { recordSinks = [] } = this.#document;
    const found = recordSinks.filter(({ name, broken }) => sinks.includes(name) && broken === undefined);
    return found.map(({ endpoint }) => endpoint);
  }

  #manner() {
    const { upstream, capture } = this.#document;
    const trust = upstream.additionalTrustSource?.name ?? '';
    return {
      trust,
      captured: capture.maxBytes,
      timeoutMs: upstream.requestTimeoutMs,
    };
  }

  #relay(attempt: Attempt, protocol: Wire, plan: SitePlan, id: string): string | undefined {
    if (plan.kind === 'shut' || plan.relayRefusal !== undefined) return undefined;
    const { target, refusal } = chooseRelay(plan.relayWays, id);
    const pinned = this.#dial(attempt.agent, target);
    if (pinned === false || refusal !== undefined) return undefined;
    const plain = { credentials: [], renames: [], asksUsage: false, asksPerson: false };
    const bytes = { ...plain, audited: plan.relayAudited, budget: undefined, logging: undefined };
    const copies = this.#copiesTo(plan.relaySinks);
    const counts = countCall(plan.relayLimits);
    return renderWay({
      protocol,
      target: placeOf(target, ''),
      pinned,
      counts,
      copies,
      ...bytes,
      ...this.#manner(),
    });
  }

  #relays(attempt: Attempt, hostname: Hostname | undefined, protocol: Wire): Array<string | undefined> {
    const { agent, ip, port } = attempt;
    const where = { ip: hostname === undefined ? ip : undefined, hostname, port };
    const plan = this.#plans.at({ agent, ...where, tls: false });
    return this.#invocations.map((id) => this.#relay(attempt, protocol, plan, id));
  }

  question(attempt: Attempt, hostname: Hostname | undefined): Ask | undefined {
    const listener = chooseListener(this.#document.listeners, attempt.port);
    const action = listener === undefined ? 'refuse' : computeAction(shapeOf(listener), attempt.wire);
    if (action === 'refuse' || action === 'relay' || action === 'passthrough') return undefined;
    const decision = this.#decide(attempt, hostname, invocationIds[0] ?? '');
    return decision.kind === 'ask' ? decision.ask : undefined;
  }

  ways(attempt: Attempt, hostname: Hostname | undefined): string[] {
    const listener = chooseListener(this.#document.listeners, attempt.port);
    const action = listener === undefined ? 'refuse' : computeAction(shapeOf(listener), attempt.wire);
    const ways =
      action === 'refuse'
        ? []
        : action === 'relay' || action === 'passthrough'
          ? this.#relays(attempt, hostname, action === 'relay' ? 'TCP' : 'TLS')
          : this.#invocations.flatMap((id) => this.#call(attempt, hostname, id));
    return [...new Set(ways.filter((way) => way !== undefined))].sort();
  }
}

/** One platform: its gateways keep their plans from one attempt to the next. */
export class Platform {
  readonly #documents: ReachDocuments;
  readonly #gateways: ReadonlyMap<string, Gateway>;

  constructor(documents: ReachDocuments) {
    this.#documents = documents;
    this.#gateways = new Map(
      documents.gateways.map((each) => [`${each.gateway.namespace}/${each.gateway.name}`, new Gateway(each)]),
    );
  }

  ask(attempt: Attempt): string[] {
    return this.#at(attempt, (gateway, hostname) => gateway.ways(attempt, hostname))?.found ?? [];
  }

  /** What a person is asked about it, and by which gateway. */
  question(attempt: Attempt): { readonly gateway: string; readonly found: Ask } | undefined {
    const at = this.#at(attempt, (gateway, hostname) => gateway.question(attempt, hostname));
    return at?.found === undefined ? undefined : { gateway: at.gateway, found: at.found };
  }

  #at<T>(
    attempt: Attempt,
    look: (gateway: Gateway, hostname: Hostname | undefined) => T,
  ): { readonly gateway: string; readonly found: T } | undefined {
    const hostname = attempt.hostname === undefined ? undefined : parseHostname(attempt.hostname);
    for (const pool of this.#documents.pools) {
      const agent = pool.agents.find(
        (each) => `${each.kind}/${each.namespace}/${each.name}` === attempt.agent,
      );
      if (agent === undefined) continue;
      const gateways = agent.gateways.flatMap((id) => pool.gateways.filter((gateway) => gateway.id === id));
      const { ip, port } = attempt;
      // A gateway that has no document yet answers nobody.
      const known = gateways.filter(({ id }) => this.#gateways.has(id));
      const verdict = decideConnection(known, attempt.agent, { ip, port, hostname });
      const id = verdict.open ? verdict.gateway.id : '';
      const gateway = this.#gateways.get(id);
      return gateway === undefined ? undefined : { gateway: id, found: look(gateway, hostname) };
    }
    return undefined;
  }
}

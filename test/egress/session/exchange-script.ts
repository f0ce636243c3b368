/** An exchange between an agent and an upstream that a test speaks for: no socket, no timer, a clock of its own. */
import type { GatewayConfig, Hostname } from '../../../contract/index.ts';
import { PolicyIndex, SitePlans } from '../../../decision/index.ts';
import { noApprovalLink, type ApprovalLink } from '../../../egress/approval/approval-link.ts';
import { Approvals } from '../../../egress/approval/approvals.ts';
import { Budgets } from '../../../egress/budget/budgets.ts';
import { noLedger, type Ledger } from '../../../egress/budget/ledger.ts';
import { BackendHealth } from '../../../egress/fallback/backend-health.ts';
import { InputStates } from '../../../egress/mcp/input-states.ts';
import { createField, type Field } from '../../../egress/http1/index.ts';
import type { SpanRecord } from '../../../egress/record/exchange-record.ts';
import { SecretForms } from '../../../egress/scrub/index.ts';
import type { Downstream, DownstreamAnswer } from '../../../egress/session/downstream.ts';
import type { ExchangeContext, PolicyInForce } from '../../../egress/session/exchange-context.ts';
import { Exchange } from '../../../egress/session/exchange.ts';
import { createSnapshot } from '../../../egress/snapshot.ts';
import type {
  BodyLength,
  UpstreamConnection,
  UpstreamReader,
  UpstreamRequest,
} from '../../../egress/upstream/exchange-port.ts';
import type { UpstreamError } from '../../../egress/upstream/upstream-error.ts';
import { createLeafIssuer } from '../../../egress/tls/leaf-issuer.ts';
import type { TokenSource } from '../../../egress/token/tokens.ts';
import { createConfig } from '../gateway-config.ts';

/** One try at the upstream, as it saw it. */
export interface SeenTry {
  readonly request: UpstreamRequest;
  readonly reader: UpstreamReader;
  readonly sent: Buffer[];
  ended: boolean;
  aborted: boolean;
  /** From the policy of this number, 0 for the first. */
  readonly policy: number;
}

export interface Script {
  readonly exchange: Exchange;
  /** The tries, in order. */
  readonly tries: SeenTry[];
  /** What the agent was told: `200 body…` while it goes on, `| end` or `| cut` behind it. */
  readonly told: () => string;
  readonly heads: DownstreamAnswer[];
  readonly records: SpanRecord[];
  readonly refused: SpanRecord[];
  now: number;
  /** Swaps the policy as the gateway does. */
  swap(change: (config: GatewayConfig) => GatewayConfig): void;
  /** As the gateway's clock does. */
  tidy(now: boolean): void;
  /** How many calls wait for a person. */
  parked(): number;
  /** Lets dials that were begun come to their end. */
  settle(): Promise<void>;
}

export interface ScriptOptions {
  readonly config?: GatewayConfig;
  readonly fields?: readonly Field[];
  readonly length?: BodyLength;
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  /** Fails the dial of this number; undefined: it connects. */
  readonly dialError?: (number: number) => UpstreamError | undefined;
  /** Connections of the pool that were idle before. */
  readonly reused?: number;
  readonly admits?: boolean;
  /** Default: none, so calls under a budget are refused. */
  readonly ledger?: Ledger;
  /** Default: nobody can be asked. */
  readonly approvals?: ApprovalLink;
  /** Default: its own. */
  readonly health?: BackendHealth;
  /** Default: its own. */
  readonly inputs?: InputStates;
  /** Default: no call needs one. */
  readonly tokens?: TokenSource;
  /** Bytes the agent may have held; default: any number. */
  readonly holds?: number;
  /** Default: the agent `a`. */
  readonly agentId?: string;
  /** Default: the execution `i`. */
  readonly invocationId?: string;
}

const noTokens: TokenSource = {
  ready: () => undefined,
  wait: () => () => undefined,
  refused: () => undefined,
};

/** Trust and leaves are the same for all: making them is most of a snapshot's cost. */
const base = createSnapshot(createConfig('192.0.2.1', 443), createLeafIssuer);

export function script(options: ScriptOptions = {}): Script {
  const host = options.host ?? 'api.openai.com';
  const tries: SeenTry[] = [];
  const heads: DownstreamAnswer[] = [];
  const records: SpanRecord[] = [];
  const refused: SpanRecord[] = [];
  let body = '';
  let ending = '';
  let dials = 0;
  let policies = 0;
  let held = 0;
  let idle = options.reused ?? 0;

  const connection = (policy: number, reused: boolean): UpstreamConnection => ({
    reused,
    discard: () => undefined,
    open: (request, _length, reader) => {
      const seen: SeenTry = { request, reader, sent: [], ended: false, aborted: false, policy };
      tries.push(seen);
      return {
        remoteAddress: '192.0.2.1',
        write: (bytes) => {
          seen.sent.push(bytes);
          return true;
        },
        end: () => {
          seen.ended = true;
        },
        resume: () => undefined,
        abort: () => {
          seen.aborted = true;
        },
      };
    },
  });
  const inForce = (config: GatewayConfig): PolicyInForce => {
    const number = policies;
    policies += 1;
    return {
      snapshot: {
        ...base,
        config,
        plans: new SitePlans(new PolicyIndex(config)),
        secretForms: new SecretForms(),
      },
      pool: {
        take: () => {
          if (idle === 0) return undefined;
          idle -= 1;
          return connection(number, true);
        },
        dial: () => {
          const error = options.dialError?.(dials);
          dials += 1;
          return error === undefined ? Promise.resolve(connection(number, false)) : Promise.reject(error);
        },
      },
    };
  };
  let config = options.config ?? createConfig('192.0.2.1', 443);
  let current = inForce(config);

  const downstream: Downstream = {
    http2: false,
    goOn: () => undefined,
    respond: (answer) => void heads.push(answer),
    write: (bytes) => {
      body += bytes.toString('latin1');
      return true;
    },
    end: () => {
      ending += ' | end';
    },
    resume: () => undefined,
    upgrade: () => undefined,
    abort: () => {
      ending += ' | cut';
    },
  };
  const peer = {
    agent: { kind: 'TaskAgent' as const, namespace: 'default', name: 'a' },
    ...{
      agentId: options.agentId ?? 'TaskAgent/default/a',
      uid: 'u',
      revision: 'r',
      invocationId: options.invocationId ?? 'i',
    },
    ...{ traceparent: undefined, hostname: host as Hostname, ip: '198.18.0.1', port: 443 },
  };
  const line = {
    method: options.method ?? 'POST',
    target: options.target ?? '/v1/chat/completions',
    fields: [
      createField('Host', host),
      createField('Content-Type', 'application/json'),
      ...(options.fields ?? []),
    ],
  };
  const inbound = { peer, tls: true, line, length: options.length ?? 'chunked' };
  const budgets = new Budgets({ ledger: options.ledger ?? noLedger, now: () => result.now });
  let asked = 0;
  const approvals = new Approvals({
    link: options.approvals ?? noApprovalLink,
    now: () => result.now,
    randomId: () => String((asked += 1)).padStart(16, '0'),
  });
  const context: ExchangeContext = {
    health: options.health ?? new BackendHealth(() => result.now),
    inputs: options.inputs ?? new InputStates(() => result.now),
    inForce: () => current,
    held: {
      take: (_agent, bytes) => {
        if (held + bytes > (options.holds ?? Infinity)) return false;
        held += bytes;
        return true;
      },
      give: (_agent, bytes) => {
        held -= bytes;
      },
    },
    tokens: options.tokens ?? noTokens,
    budgets,
    approvals,
    now: () => result.now,
    unixMs: () => result.now,
    newId: () => 'made-up',
    onBroken: (error) => {
      throw error;
    },
    admit: () => (options.admits === false ? undefined : (record) => void records.push(record)),
    onRefused: (record) => void refused.push(record),
    relay: () => new Promise(() => undefined),
  };
  const result = {
    tries,
    heads,
    records,
    refused,
    told: () => `${heads.map(({ status }) => status).join()} ${body}${ending}`,
    now: 1_000,
    swap: (change: (config: GatewayConfig) => GatewayConfig) => {
      config = change(config);
      current = inForce(config);
      exchange.revalidate();
    },
    tidy: (now: boolean) => {
      budgets.tidy(now);
      approvals.tick();
    },
    parked: () => approvals.parked,
    settle: async () => {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    },
  };
  const exchange = new Exchange(context, inbound, downstream);
  return Object.assign(result, { exchange });
}

export const chat = '{"model":"gpt-4o","messages":[]}';

/** An agent has sent a whole chat request, and it went out. */
export async function sent(options: ScriptOptions = {}, body = chat): Promise<Script> {
  const talk = script(options);
  talk.exchange.start();
  talk.exchange.data(Buffer.from(body));
  talk.exchange.end([]);
  await talk.settle();
  return talk;
}

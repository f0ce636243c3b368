/**
 * A gateway with the provider stand-in behind it, and OpenAI's own client of the Responses WebSocket in front. Everything it opens is
 * closed by `close`.
 */
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import type { GatewayConfig } from '../../../contract/index.ts';
import { startProvider, type RunningProvider } from '../../../examples/provider/index.ts';
import type { Ledger } from '../../../egress/budget/ledger.ts';
import { createConfig, secret } from '../gateway-config.ts';
import { openGatewayBed, until, type GatewayBed, type SeenRecord } from '../gateway-bed.ts';

type Rule = GatewayConfig['providerRoutes'][number]['rules'][number];

export interface Told {
  readonly type: string;
  readonly [name: string]: unknown;
}

export interface SocketBed {
  readonly gateway: GatewayBed;
  readonly provider: RunningProvider;
  /** The one rule of its route. */
  use(rule: Partial<Rule>, change?: Partial<GatewayConfig>): void;
  policy(rule: Partial<Rule>, ip: string, port: number): GatewayConfig;
  connect(): Promise<Talk>;
  close(): Promise<void>;
}

export class Talk {
  readonly client: ResponsesWS;
  readonly events: Told[] = [];
  closed = false;

  constructor(client: ResponsesWS) {
    this.client = client;
    client.on('event', (event) => this.events.push(event as unknown as Told));
    client.on('error', () => undefined);
    client.on('close', () => {
      this.closed = true;
    });
  }

  /** The event that ends what was asked: of a response, or an error. */
  async ask(body: Record<string, unknown>): Promise<Told> {
    const from = this.events.length;
    this.client.send({ type: 'response.create', ...body } as never);
    return this.last(from);
  }

  async last(from: number): Promise<Told> {
    const isLast = ({ type }: Told) =>
      ['error', 'response.completed', 'response.incomplete', 'response.failed'].includes(type);
    await until(() => this.closed || this.events.slice(from).some(isLast), 'an answer');
    return this.events.slice(from).find(isLast) ?? { type: 'closed' };
  }
}

function policy(rule: Partial<Rule>, ip: string, port: number, trustPem: string): GatewayConfig {
  const plain = createConfig(ip, port);
  const [route] = plain.providerRoutes;
  const usual = {
    matches: [{ provider: 'openai' as const, models: ['gpt-4o*'], endpoints: [] }],
    filters: [],
    backends: [],
  };
  return createConfig(ip, port, {
    upstream: { ...plain.upstream, additionalTrustPem: trustPem },
    providerRoutes: [{ ...route!, rules: [{ ...usual, ...rule }] }],
  });
}

export async function openSocketBed(ledger?: Ledger): Promise<SocketBed> {
  let provider: RunningProvider | undefined;
  const gateway = await openGatewayBed({
    ...(ledger === undefined ? {} : { ledger }),
    start: async (ip) => {
      provider = await startProvider({ host: ip, port: 0, keys: { openai: secret } });
      return provider;
    },
  });
  const clients: ResponsesWS[] = [];
  return {
    gateway,
    provider: provider!,
    use: (rule, change = {}) =>
      gateway.configure((ip, port) => {
        const config = policy(rule, ip, port, provider?.caPem ?? '');
        return { ...config, ...change };
      }),
    policy: (rule, ip, port) => policy(rule, ip, port, provider?.caPem ?? ''),
    connect: async () => {
      const socket = await gateway.dial('api.openai.com');
      const client = new ResponsesWS(new OpenAI({ apiKey: 'placeholder' }), {
        createConnection: () => socket,
      } as never);
      clients.push(client);
      const talk = new Talk(client);
      await new Promise<void>((resolve, reject) => {
        client.socket.on('open', () => resolve());
        client.on('error', (error) => reject(error));
      });
      return talk;
    },
    close: async () => {
      for (const client of clients) client.close();
      await gateway.close();
    },
  };
}

export function responsesOf(bed: SocketBed): SeenRecord[] {
  return bed.gateway.records.filter(({ name }) => name.startsWith('chat'));
}

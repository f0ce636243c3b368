/** Random connections and calls of agents. */
import fc from 'fast-check';
import { addresses, agentNames, mcpHosts, models, names, paths, port } from './vocabulary.ts';

export interface Attempt {
  readonly agent: string;
  readonly hostname: string | undefined;
  readonly ip: string;
  readonly port: number;
  readonly wire: 'tls' | 'http1' | 'raw';
  readonly path: string;
  readonly model: string | undefined;
  /** A JSON-RPC request; undefined: no body. */
  readonly rpc: { readonly method: string; readonly tool: string | undefined } | undefined;
}

const rpc = fc.oneof(
  fc
    .constantFrom('search_x', 'search_secret', 'delete_all', 'delete_x', 'get_x', 'get_9', 'Delete_All')
    .map((tool) => ({ method: 'tools/call', tool })),
  fc
    .constantFrom('initialize', 'tools/list', 'resources/read', 'notifications/x')
    .map((method) => ({ method, tool: undefined })),
);

export const randomAttempt: fc.Arbitrary<Attempt> = fc.record({
  rpc: fc.option(rpc, { nil: undefined, freq: 2 }),
  agent: fc.constantFrom(...agentNames).map((name) => `TaskAgent/d/${name}`),
  hostname: fc.option(
    fc.constantFrom(
      'api.openai.com',
      'api.openai.com',
      'api.openai.com',
      'a.example.com',
      'a.example.com',
      ...names,
      'c.example.com',
      'y.openai.azure.com',
      'x.y.stripe.com',
      'other.net',
    ),
    {
      nil: undefined,
      freq: 3,
    },
  ),
  ip: fc.constantFrom(...addresses),
  port,
  wire: fc.constantFrom('tls' as const, 'tls' as const, 'http1' as const, 'raw' as const),
  path: fc.constantFrom(...paths),
  model: fc.option(fc.constantFrom(...models), { nil: undefined, freq: 4 }),
});

export const providerAttempt: fc.Arbitrary<Attempt> = randomAttempt.map((attempt) => ({
  ...attempt,
  ...{ hostname: 'api.openai.com', port: 443, wire: 'tls' },
}));

export const mcpAttempt: fc.Arbitrary<Attempt> = fc
  .tuple(randomAttempt, fc.constantFrom(...mcpHosts))
  .map(([attempt, hostname]) => ({ ...attempt, hostname, port: 443, wire: 'tls' }));

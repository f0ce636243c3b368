/** Random connections and calls of agents. */
import fc from 'fast-check';
import type { HeadText, RpcMessage } from '../../../../decision/index.ts';
import {
  addresses,
  agentIds,
  mcpHosts,
  models,
  names,
  paths,
  port,
  rpcMethods,
  toolNames,
} from './vocabulary.ts';

export interface Attempt {
  readonly agent: string;
  readonly hostname: string | undefined;
  readonly ip: string;
  readonly port: number;
  readonly wire: 'tls' | 'http1' | 'raw';
  readonly method: string;
  readonly path: string;
  readonly queryNames: readonly string[];
  /** Of attempts that rules about HTTP are asked; absent: nothing but the path. */
  readonly head?: HeadText;
  /** Header fields that may say another thing of the body. */
  readonly fields: ReadonlyArray<{ readonly name: string; readonly value: string }>;
  readonly upgrade: boolean;
  readonly hasBody: boolean;
  readonly model: string | undefined;
  /** Messages of a JSON-RPC body; undefined: it is none. */
  readonly rpc: readonly RpcMessage[] | undefined;
}

const toolArguments = fc
  .constantFrom(undefined, '{"to":["a@x"]}', '{"to":["a@y"],"n":7}', '{"n":3}', '{"n":"3"}')
  .map((text): Pick<RpcMessage, 'arguments'> =>
    text === undefined ? {} : { arguments: { text, digest: '' } },
  );
const message: fc.Arbitrary<RpcMessage> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...toolNames), toolArguments)
      .map(([name, given]): RpcMessage => ({ method: 'tools/call', id: 1, params: { name }, ...given })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...rpcMethods).map((method): RpcMessage => ({ method, id: 1, params: {} })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('file:///a', 'file:///b/c', 'db://x')
      .map((uri): RpcMessage => ({ method: 'resources/read', id: 1, params: { uri } })),
  },
  { weight: 1, arbitrary: fc.constant<RpcMessage>({ method: undefined, id: 1, params: {} }) },
);
const rpc = fc.array(message, { minLength: 1, maxLength: 2 });

const claim = fc.oneof(
  fc.record({
    name: fc.constantFrom('mcp-method', 'mcp_method'),
    value: fc.constantFrom('tools/call', 'tools/call', 'initialize', 'Tools/Call'),
  }),
  fc.record({ name: fc.constant('mcp-name'), value: fc.constantFrom('search_x', '=?base64?c2VhcmNoX3g=?=') }),
  fc.record({ name: fc.constantFrom('mcp-session-id', 'x-mcp-method'), value: fc.constant('other') }),
);

export const randomAttempt: fc.Arbitrary<Attempt> = fc.record({
  rpc: fc.option(rpc, { nil: undefined, freq: 2 }),
  method: fc.constantFrom('POST', 'POST', 'POST', 'POST', 'GET', 'GET', 'PUT', 'DELETE'),
  queryNames: fc.constantFrom<string[]>([], [], [], [], [], ['key'], ['Method'], ['Model']),
  fields: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Attempt['fields']>([]) },
    { weight: 1, arbitrary: fc.array(claim, { minLength: 1, maxLength: 2 }) },
  ),
  upgrade: fc.constantFrom(false, false, false, false, false, true),
  hasBody: fc.constantFrom(true, true, true, false),
  agent: fc.constantFrom(...agentIds),
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
  ...{ hostname: 'api.openai.com', port: 443, wire: 'tls', rpc: undefined },
}));

export const mcpAttempt: fc.Arbitrary<Attempt> = fc
  .tuple(randomAttempt, fc.constantFrom(...mcpHosts))
  .map(([attempt, hostname]) => ({
    ...attempt,
    ...{ hostname, port: 443, wire: 'tls' as const },
  }));

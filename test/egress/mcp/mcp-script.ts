/** A call of an MCP server under tool rules, whose answers a test speaks for. */
import type { GatewayConfig, McpRoute, ServerRequest, ToolPolicy } from '../../../contract/index.ts';
import { PolicyIndex, type RpcBody } from '../../../decision/index.ts';
import { McpAnswers } from '../../../decision/mcp/answers.ts';
import { planMcp } from '../../../decision/mcp/plan.ts';
import { createField, type Field } from '../../../egress/http1/index.ts';
import { call, site } from '../../decision/asking.ts';
import { createConfig } from '../gateway-config.ts';
import { script, type Script, type ScriptOptions } from '../session/exchange-script.ts';

export const host = 'files.example.com';
const noTools: ToolPolicy = {
  ...{ allowedTools: [], allowedToolsRegex: [], deniedTools: [], deniedToolsRegex: [] },
  ...{ requireConfirmation: [], rateLimits: [] },
};
const every = { servers: [], tools: [], toolsRegex: [], resources: [], methods: [] };

/** Every message passes, of tools what the policy says. */
export const underTools = (change: Partial<ToolPolicy>): McpRoute => ({
  route: { namespace: 'default', name: 'tools' },
  hostnames: [host],
  rules: [{ matches: [every], toolPolicies: [{ ...noTools, ...change }], unsupported: [] }],
});

/** Resources by glob, and nothing else. */
export const underResources = (resources: string[]): McpRoute => ({
  ...underTools({}),
  rules: [{ matches: [{ ...every, resources }], toolPolicies: [], unsupported: [] }],
});

/** Servers may not ask for these. */
export const unasked = (...deniedServerRequests: ServerRequest[]): McpRoute => ({
  ...underTools({}),
  rules: [],
  deniedServerRequests,
});

export function configOf(...mcpRoutes: McpRoute[]): GatewayConfig {
  return createConfig('192.0.2.1', 443, { mcpRoutes });
}

export const list: RpcBody = {
  batch: false,
  messages: [{ id: 1, method: 'tools/list', params: {} }],
};

export function answersOf(route: McpRoute, rpc: RpcBody = list): McpAnswers {
  const plan = planMcp(new PolicyIndex(configOf(route)), site(host));
  const answers = plan && McpAnswers.of(plan, call({ body: { kind: 'rpc', rpc } }));
  if (answers === undefined) throw new Error('the answers of this route are not read');
  return answers;
}

/** A message was sent, and came to the server. */
export async function asked(
  message: object,
  route: McpRoute = underTools({ allowedTools: ['search_*'] }),
  options: ScriptOptions = {},
): Promise<Script> {
  const talk = script({ config: configOf(route), host, target: '/mcp', ...options });
  talk.exchange.start();
  talk.exchange.data(Buffer.from(JSON.stringify(message)));
  talk.exchange.end([]);
  await talk.settle();
  return talk;
}

interface Said {
  readonly status?: number;
  readonly type?: string;
  readonly fields?: readonly Field[];
  readonly length?: number;
}

/** What the server answers, in these chunks. */
export function says(talk: Script, chunks: readonly string[], said: Said = {}): void {
  const { status = 200, type = 'application/json', fields = [], length } = said;
  const reader = talk.tries.at(-1)?.reader;
  const typed = type === '' ? [] : [createField('Content-Type', type)];
  reader?.head({ status, reason: 'OK', fields: [...typed, ...fields], bodyLength: length });
  for (const chunk of chunks) reader?.body(Buffer.from(chunk));
  reader?.finished([]);
}

export const request = (method: string, params: object = {}, id: unknown = 7): object => ({
  ...{ jsonrpc: '2.0', id, method, params },
});
export const result = (value: object, id: unknown = 7): string =>
  JSON.stringify({ jsonrpc: '2.0', id, result: value });
export const named = (...names: string[]): object[] => names.map((name) => ({ name, inputSchema: {} }));

export function attributeOf(talk: Script, name: string): unknown {
  const record = talk.records[0] ?? talk.refused[0];
  return record?.attributes.values[record.attributes.names.indexOf(name)];
}

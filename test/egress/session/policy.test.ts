/** Policies as an agent meets them on a connection: EgressDenyPolicy, MCPRoute and LoggingPolicy, with their records. */
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';

const seen: SeenRequest[] = [];
let bed: GatewayBed;

beforeAll(async () => {
  bed = await openGatewayBed({ serve: serveHttp1(seen, () => json(200, { ok: true })) });
});
afterAll(() => bed.close());
beforeEach(() => {
  seen.length = 0;
  bed.records.length = 0;
});

const whole = (text: string): boolean => /\r\n\r\n.*\}$/s.test(text);

function post(host: string, path: string, value: unknown, extra = ''): string {
  const body = JSON.stringify(value);
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${extra}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

async function ask(host: string, text: string): Promise<string> {
  const agent = await bed.dial(host);
  const got = await converse(agent, text, whole);
  agent.destroy();
  await until(() => bed.records.length === 1, 'one record');
  return got;
}

function configure(change: (base: GatewayConfig) => Partial<GatewayConfig>): void {
  bed.configure((ip, port) => createConfig(ip, port, change(createConfig(ip, port))));
}

test("EgressDenyPolicy answers with its own words in the provider's schema, and one record says which", async () => {
  const answer = {
    policy: { namespace: 'default', name: 'no-openai' },
    status: 451,
    message: 'ask the team',
  };
  const matches = [{ provider: 'openai', models: [], endpoints: [] }];
  const rules = [{ matches, filters: [], backends: [] }];
  configure(() => ({ providerDenials: [{ route: { namespace: 'default', name: 'x' }, answer, rules }] }));
  const got = await ask(
    'api.openai.com',
    post('api.openai.com', '/v1/chat/completions', { model: 'gpt-4o' }),
  );
  expect(got).toMatch(/^HTTP\/1\.1 451/);
  expect(JSON.parse(got.slice(got.indexOf('{')))).toMatchObject({ error: { message: 'ask the team' } });
  expect(seen).toEqual([]);
  expect(bed.records[0]?.attributes).toMatchObject({
    'clrk.decision': 'deny',
    'clrk.egress.deny_reason': 'deny_policy',
    'clrk.egress.deny_policy': 'default/no-openai',
  });
});

const list = { servers: [], tools: [], toolsRegex: [], resources: [], methods: [] };
const open = { allowedTools: ['search_*'], allowedToolsRegex: [], deniedTools: [], deniedToolsRegex: [] };
const mcpRoutes = [
  {
    route: { namespace: 'default', name: 'tools' },
    hostnames: ['files.example.com'],
    rules: [
      {
        matches: [list],
        toolPolicies: [{ ...open, requireConfirmation: [], rateLimits: [] }],
        unsupported: [],
      },
    ],
  },
];
const tool = (name: string): object => ({ jsonrpc: '2.0', id: 'x1', method: 'tools/call', params: { name } });

test('an allowed tool is called with the bytes that came, and recorded', async () => {
  configure(() => ({ mcpRoutes }));
  const got = await ask('files.example.com', post('files.example.com', '/mcp', tool('search_web')));
  expect(got).toMatch(/^HTTP\/1\.1 200/);
  expect(seen).toHaveLength(1);
  expect(bed.records[0]?.attributes).toMatchObject({
    'clrk.decision': 'allow',
    'mcp.method': 'tools/call',
    'mcp.tool.name': 'search_web',
    'mcp.request.id': 'x1',
    'clrk.mcproute.name': 'tools',
    'clrk.mcproute.toolpolicy.decision': 'allow',
  });
});

test('S47: a tool that is not allowed is answered with a JSON-RPC error, and nothing leaves', async () => {
  configure(() => ({ mcpRoutes }));
  const got = await ask(
    'files.example.com',
    post('files.example.com', '/mcp', [tool('search_web'), tool('rm')]),
  );
  expect(got).toMatch(/^HTTP\/1\.1 403/);
  expect(JSON.parse(got.slice(got.indexOf('{')))).toMatchObject({ jsonrpc: '2.0', error: { code: -32_001 } });
  expect(seen).toEqual([]);
  expect(bed.records[0]?.attributes).toMatchObject({
    'clrk.egress.deny_reason': 'tool',
    'mcp.tool.name': 'rm',
    'clrk.mcproute.toolpolicy.decision': 'deny',
  });
});

test('a credential of an MCPRoute does not go to another port than the one it opens', async () => {
  const inject = { type: 'Header' as const, name: 'Authorization', value: 'Bearer mcp-key-1' };
  const target = { kind: 'MCPRoute' as const, namespace: 'default', name: 'tools' };
  configure(() => ({
    mcpRoutes,
    credentials: [{ policy: { namespace: 'default', name: 'k' }, target, inject }],
  }));
  await ask('files.example.com', post('files.example.com', '/mcp', tool('search_web')));
  // The bed's upstream is on a random port.
  expect(JSON.stringify(seen)).not.toContain('mcp-key-1');
});

test('LoggingPolicy keeps bodies and headers out of the record, and only out of the record', async () => {
  const logging = { captureRequest: false, captureResponse: false, redactHeaders: ['x-customer'] };
  const text = post('files.example.com', '/up', { confidential: 'body-1' }, 'X-Customer: acme-1\r\n');
  configure(() => ({}));
  await ask('files.example.com', text);
  const shown = JSON.stringify(bed.records);
  expect(shown).toContain('acme-1');
  expect(shown).toContain(Buffer.from('{"confidential":"body-1"}').toString('base64'));
  bed.records.length = 0;
  configure(({ destinations }) => ({
    destinations: { ...destinations, rules: destinations.rules.map((rule) => ({ ...rule, logging })) },
  }));
  await ask('files.example.com', text);
  const hidden = JSON.stringify(bed.records);
  expect(hidden).not.toContain('acme-1');
  expect(hidden).not.toContain('clrk.body.b64');
  expect(seen).toHaveLength(2);
  expect(bed.records[0]?.attributes).toMatchObject({ 'clrk.req.bytes': 25 });
});

test('the record of a call, and of a connection nobody reads, is for the sinks of its rule and no other', async () => {
  const logging = { captureRequest: true, captureResponse: true, redactHeaders: [], sinks: ['archive'] };
  const echo = createServer((peer) => peer.pipe(peer));
  await new Promise<void>((resolve) => echo.listen(0, bed.upstreamIp, () => resolve()));
  const { port } = echo.address() as AddressInfo;
  const withSink = ({ destinations }: GatewayConfig): Partial<GatewayConfig> => ({
    destinations: { ...destinations, rules: destinations.rules.map((rule) => ({ ...rule, logging })) },
  });
  const text = post('files.example.com', '/up', {});
  configure(() => ({}));
  await ask('files.example.com', text);
  configure(withSink);
  bed.records.length = 0;
  await ask('files.example.com', text);
  expect(bed.records.map(({ sinks }) => sinks)).toEqual([['archive']]);
  bed.configure((ip) => createConfig(ip, port, withSink(createConfig(ip, port))));
  bed.records.length = 0;
  const raw = await bed.connect();
  raw.write(bed.frame({ hostname: 'files.example.com', destination: { ip: '198.18.0.1', port } }));
  expect(await converse(raw, 'SSH-2.0-x\r\n', (got) => got.includes('\n'))).toBe('SSH-2.0-x\r\n');
  raw.destroy();
  await until(() => bed.records.length === 1, 'record');
  expect(bed.records.map(({ name, sinks }) => [name, sinks])).toEqual([['egress.tcp', ['archive']]]);
  await new Promise<void>((resolve) => echo.close(() => resolve()));
});

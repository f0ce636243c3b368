/** A server in the cluster that has no TLS, as agents meet it: by its own name and in place of a provider, over https and http. */
import { execFileSync } from 'node:child_process';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GatewayConfig, RouteBackend } from '../../../contract/index.ts';
import { addPrivateAddress, converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, secret } from '../gateway-config.ts';
import { json, serveHttp1 } from '../http1-upstream.ts';

const host = 'vllm.models.svc';
const seen: Array<{ readonly version: string; readonly url: string; readonly headers: IncomingHttpHeaders }> =
  [];
let bed: GatewayBed;
let server: Server;
let ip: string;
let port: number;

beforeAll(async () => {
  bed = await openGatewayBed({ serve: serveHttp1([], () => json(200, { from: 'the provider' })) });
  ip = addPrivateAddress();
  server = createServer((request, response) => {
    const { httpVersion: version, url = '', headers } = request;
    seen.push({ version, url, headers });
    request.resume().on('end', () => {
      const answer = JSON.stringify({
        ...{ id: 'chatcmpl-1', object: 'chat.completion', model: 'llama' },
        choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
      });
      const head = { 'content-type': 'application/json', 'content-length': answer.length };
      response.writeHead(200, head).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, ip, resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  await bed.close();
  server.closeAllConnections();
  server.close();
  execFileSync('ip', ['addr', 'del', `${ip}/32`, 'dev', 'lo']);
});
beforeEach(() => {
  seen.length = 0;
  bed.records.length = 0;
});

interface Change {
  readonly provider?: string;
  readonly plain?: boolean;
  readonly pin?: string;
  readonly credentials?: GatewayConfig['credentials'];
}

function configure({ provider = 'custom', plain = true, pin = ip, credentials = [] }: Change = {}): void {
  const backend: RouteBackend = {
    ...{ name: 'vllm', weight: 1, schema: 'openai', host, port, modelRewrites: [], ensureStreamUsage: false },
    ...(plain ? { plain: true } : {}),
  };
  const matches = [{ provider, models: [], endpoints: [] }];
  bed.configure((own, ownPort) => {
    const base = createConfig(own, ownPort);
    const [rule] = base.destinations.rules;
    const opened = { ...rule!, hostnames: ['api.openai.com', host], ports: [] };
    return createConfig(own, ownPort, {
      credentials,
      destinations: { ...base.destinations, rules: [opened] },
      providerRoutes: [
        {
          route: { namespace: 'default', name: 'llm' },
          rules: [{ matches, filters: [], backends: [backend] }],
        },
      ],
      upstream: {
        ...base.upstream,
        hostAliases: [...base.upstream.hostAliases, { ip: pin, hostnames: [host] }],
      },
    });
  });
}

const body = JSON.stringify({ model: 'llama', messages: [{ role: 'user', content: 'hi' }] });
const call = (to: string, extra = ''): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nHost: ${to}\r\nContent-Type: application/json\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
const whole = (text: string): boolean => /\r\n\r\n.*\}$/s.test(text);
const destination = () => ({ frame: { destination: { ip: '198.18.0.1', port } } });

async function overTls(to: string, extra = '', dial: object = {}): Promise<string> {
  const agent = await bed.dial(to, dial);
  const got = await converse(agent, call(to === host ? `${to}:${port}` : to, extra), whole);
  agent.destroy();
  return got;
}

async function overHttp(to: string, extra = ''): Promise<string> {
  const agent = await bed.connect();
  agent.write(bed.frame({ hostname: to, ...destination().frame }));
  const got = await converse(agent, call(`${to}:${port}`, extra), whole);
  agent.destroy();
  return got;
}

test('by its own name over https and over http: the same answer, counted and recorded', async () => {
  configure();
  for (const got of [await overTls(host, '', destination()), await overHttp(host)]) {
    expect(got).toMatch(/^HTTP\/1\.1 200/);
    expect(got).toContain('chat.completion');
  }
  expect(seen.map(({ url, headers }) => [url, headers.host])).toEqual([
    ['/v1/chat/completions', `${host}:${port}`],
    ['/v1/chat/completions', `${host}:${port}`],
  ]);
  await until(() => bed.records.length === 2, 'records');
  for (const { attributes } of bed.records) {
    expect(attributes).toMatchObject({ 'gen_ai.usage.input_tokens': 5, 'gen_ai.usage.output_tokens': 2 });
  }
});

test('in place of a provider, and an agent of HTTP/2 is spoken for in HTTP/1.1', async () => {
  configure({ provider: 'openai' });
  expect(await overTls('api.openai.com')).toMatch(/^HTTP\/1\.1 200/);
  const socket = await bed.dial('api.openai.com', { alpn: ['h2'] });
  const client = connectHttp2('https://api.openai.com', { createConnection: () => socket });
  const stream = client.request({
    ...{
      ':method': 'POST',
      ':path': '/v1/chat/completions',
      ':authority': 'api.openai.com',
      'content-type': 'application/json',
    },
  });
  stream.end(body);
  const status = await new Promise((resolve) => stream.once('response', (head) => resolve(head[':status'])));
  expect(status).toBe(200);
  stream.resume();
  await new Promise((resolve) => stream.once('close', resolve));
  client.destroy();
  expect(seen.map(({ version }) => version)).toEqual(['1.1', '1.1']);
});

test('S39: a credential goes to no server without TLS: the call is refused, with the key and without', async () => {
  const credential = {
    policy: { namespace: 'default', name: 'key' },
    target: { kind: 'AIProviderRoute' as const, namespace: 'default', name: 'llm' },
    inject: { type: 'Header' as const, name: 'Authorization', value: `Bearer ${secret}` },
  };
  configure({ provider: 'openai', credentials: [credential] });
  const got = await overTls('api.openai.com');
  expect(got).toMatch(/^HTTP\/1\.1 50\d/);
  expect(got).toContain('credentials are only sent over TLS');
  expect(seen).toEqual([]);
});

test('what an agent brings over TLS is left out; what it sends without TLS is its own affair', async () => {
  configure();
  const own = 'Authorization: Bearer of-the-agent\r\nX-Api-Key: of-the-agent\r\n';
  await overTls(host, own, destination());
  expect(JSON.stringify(seen)).not.toContain('of-the-agent');
  await overHttp(host, own);
  expect(seen[1]?.headers.authorization).toBe('Bearer of-the-agent');
});

test('S26: its name must stand for a private address, also where the gateway could reach another', async () => {
  configure({ pin: bed.upstreamIp });
  for (const got of [await overTls(host, '', destination()), await overHttp(host)]) {
    expect(got).toMatch(/^HTTP\/1\.1 403/);
  }
  configure({ pin: '169.254.169.254' });
  expect(await overHttp(host)).toMatch(/^HTTP\/1\.1 403/);
  expect(seen).toEqual([]);
});

test('a Backend that does not say so is dialled by TLS', async () => {
  configure({ provider: 'openai', plain: false });
  expect(await overTls('api.openai.com')).toMatch(/^HTTP\/1\.1 502/);
  expect(seen).toEqual([]);
});

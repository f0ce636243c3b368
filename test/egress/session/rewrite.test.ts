import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { header, json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';

const seen: SeenRequest[] = [];
let bed: GatewayBed;

function withBackend(config: GatewayConfig, schema: string, host: string): GatewayConfig {
  const backend = {
    name: 'cheap',
    weight: 1,
    schema,
    host,
    port: config.destinations.rules[0]?.ports[0]?.start ?? 0,
    modelRewrites: [
      { from: 'gpt-4o*', to: 'gpt-4o-mini' },
      { from: 'gemini-*', to: 'gemini-x' },
    ],
    ensureStreamUsage: true,
  };
  const providerRoutes = config.providerRoutes.map(({ route, rules }) => ({
    route,
    rules: rules.map((rule) => ({ ...rule, backends: [backend] })),
  }));
  return { ...config, providerRoutes };
}

beforeAll(async () => {
  bed = await openGatewayBed({ serve: serveHttp1(seen, () => json(200, { ok: true })) });
});
afterAll(() => bed.close());
beforeEach(() => {
  seen.length = 0;
  bed.records.length = 0;
  bed.configure((ip, port) => withBackend(createConfig(ip, port), 'openai', 'api.openai.com'));
});

function post(body: string, extra = '', path = '/v1/chat/completions', host = 'api.openai.com'): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${extra}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
const whole = (text: string): boolean => /\r\n\r\n.*\}$/s.test(text);

test.each([
  ['{"model":"gpt-4o","seed":12345678901234567890}', '{"model":"gpt-4o-mini","seed":12345678901234567890}'],
  [
    '{"model":"gpt-4o","stream":true,"n":1.0}',
    '{"stream_options":{"include_usage":true},"model":"gpt-4o-mini","stream":true,"n":1.0}',
  ],
  [
    '{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":false,"x":1}}',
    '{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true,"x":1}}',
  ],
  ['{"model":"gpt-4o-mini","stream":false}', '{"model":"gpt-4o-mini","stream":false}'],
])('a Backend changes %s to %s, and the length with it', async (sent, received) => {
  const agent = await bed.dial('api.openai.com');
  expect(await converse(agent, post(sent, 'Content-MD5: old\r\n'), whole)).toMatch(/^HTTP\/1\.1 200/);
  const [request] = seen as [SeenRequest];
  expect(request.body.toString()).toBe(received);
  expect(header(request, 'content-length')).toBe(String(received.length));
  expect(header(request, 'content-md5')).toBe(sent === received ? 'old' : undefined);
  await until(() => bed.records.length === 1, 'one record');
  expect(bed.records[0]?.attributes['gen_ai.request.model']).toBe('gpt-4o-mini');
  // The next request of the connection is read from its own start.
  expect(await converse(agent, post(sent), whole)).toMatch(/^HTTP\/1\.1 200/);
  agent.destroy();
});

test('a model named in the path, which cannot be renamed, is refused', async () => {
  const host = 'generativelanguage.googleapis.com';
  bed.configure((ip, port) => withBackend(createConfig(ip, port), 'google', host));
  const agent = await bed.dial(host);
  const got = await converse(agent, post('{}', '', '/v1beta/models/gemini-pro:generateContent', host), whole);
  expect(got).toMatch(/^HTTP\/1\.1 503/);
  expect(got).toContain('MODEL_REWRITE_UNSUPPORTED');
  expect(seen).toHaveLength(0);
});

test('a body that cannot be read, and so not changed, is refused', async () => {
  bed.configure((ip, port) => {
    const config = withBackend(createConfig(ip, port), 'openai', 'api.openai.com');
    const [route] = config.providerRoutes;
    const rules = route!.rules.map((rule) => ({
      ...rule,
      matches: [{ provider: 'openai', models: [], endpoints: [] }],
    }));
    return { ...config, providerRoutes: [{ ...route!, rules }] };
  });
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, post('{"model":"gpt-4o","model":"o1"}'), whole);
  expect(got).toMatch(/^HTTP\/1\.1 503/);
  expect(got).toContain('BODY_REWRITE_IMPOSSIBLE');
  expect(seen).toHaveLength(0);
});

/** A host under an EgressHTTPRoute, as an agent meets it: each call judged over HTTP/1.1, HTTP/2 and WebSocket, and all else refused. */
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { at, host, httpPolicy, httpRoute, match } from '../../decision/http/http-policy.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { header, json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';

const seen: SeenRequest[] = [];
let bed: GatewayBed;

const switching = 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const route = httpRoute([
  match({ ...at('Template', '/repos/acme/**') }),
  match({ ...at('Exact', '/events'), webSocket: true }),
  match({
    methods: ['POST'],
    ...at('Exact', '/notes'),
    contentTypes: ['application/json'],
    maxBodyBytes: 20,
  }),
]);

beforeAll(async () => {
  bed = await openGatewayBed({
    serve: serveHttp1(seen, ({ head }) => (head.target === '/events' ? switching : json(200, { ok: true }))),
  });
});
afterAll(() => bed.close());
beforeEach(() => {
  seen.length = 0;
  bed.records.length = 0;
  bed.configure((ip, port) => createConfig(ip, port, httpPolicy([route], { port })));
});

const whole = (text: string): boolean => /\r\n\r\n.*\}$/s.test(text);

async function ask(head: string, body = '', done = whole): Promise<string> {
  const agent = await bed.dial(host);
  const got = await converse(agent, `${head}\r\n\r\n${body}`, done);
  agent.destroy();
  await until(() => bed.records.length > 0, 'a record');
  return got;
}

test('S43: what a rule takes passes, and its record says by which route', async () => {
  expect(await ask(`GET /repos/acme/x?page=2 HTTP/1.1\r\nHost: ${host}`)).toMatch(/^HTTP\/1\.1 200/);
  expect(seen.map(({ head }) => head.target)).toEqual(['/repos/acme/x?page=2']);
  expect(bed.records[0]?.attributes).toMatchObject({
    'clrk.decision': 'allow',
    'clrk.decision.route': 'EgressHTTPRoute/default/web',
  });
});

test('S43: what none takes is answered with what would pass, and recorded with its reason', async () => {
  const got = await ask(`DELETE /repos/acme/x HTTP/1.1\r\nHost: ${host}`);
  expect(got).toMatch(/^HTTP\/1\.1 403/);
  expect(got).toContain('HTTP_NOT_ALLOWED');
  expect(got).toContain('GET /repos/acme/**');
  expect(seen).toEqual([]);
  expect(bed.records[0]?.attributes).toMatchObject({
    'clrk.decision': 'deny',
    'clrk.egress.deny_reason': 'http_rule',
    'clrk.decision.route': 'EgressHTTPRoute/default/web',
  });
});

test.each([
  ['S34: dot segments', 'GET /repos/acme/../evil', '400'],
  ['S34: encoded dot segments', 'GET /repos/acme/%2e%2e/evil', '400'],
  ['S34: encoded slashes', 'GET /repos/acme%2Fx', '400'],
  ['S34: double encoding', 'GET /repos/acme/%252e%252e/evil', '400'],
  ['S34: doubled slashes', 'GET //repos/acme/x', '400'],
  ['S34: a parameter of a segment', 'GET /repos/acme/;/../evil', '400'],
  ['S34: overlong UTF-8', 'GET /repos/acme/%c0%ae%c0%ae/evil', '400'],
  ['S33: absolute form', `GET https://${host}/repos/acme/x`, '400'],
  ['S23: CONNECT', `CONNECT ${host}:443`, '4'],
  ['TRACE', 'TRACE /repos/acme/x', '405'],
  ['HEAD under a rule of GET', 'HEAD /repos/acme/x', '403'],
  ['a method in another case', 'get /repos/acme/x', '4'],
  ['S33: a parameter that names the method', 'GET /repos/acme/x?_method=DELETE', '400'],
])('%s is refused', async (_name, line, status) => {
  const got = await ask(`${line} HTTP/1.1\r\nHost: ${host}`, '', (text) => /^HTTP\/1\.1 \d+/.test(text));
  expect(got.slice('HTTP/1.1 '.length)).toMatch(new RegExp(`^${status}`));
  expect(seen).toEqual([]);
});

test('S34: an encoded character that needs no code is judged, and sent, as itself', async () => {
  expect(await ask(`GET /repos/%61cme/x HTTP/1.1\r\nHost: ${host}`)).toMatch(/^HTTP\/1\.1 200/);
  expect(seen.map(({ head }) => head.target)).toEqual(['/repos/acme/x']);
});

test.each([
  'X-HTTP-Method-Override',
  'X-Method-Override',
  'X_HTTP_Method',
  'X-Original-URL',
  'X-Rewrite-Url',
])('S33: %s does not go on', async (name) => {
  await ask(`GET /repos/acme/x HTTP/1.1\r\nHost: ${host}\r\n${name}: DELETE`);
  expect(seen).toHaveLength(1);
  expect(header(seen[0]!, name.toLowerCase())).toBeUndefined();
});

test('S16: the Host of another name is refused before any rule is asked', async () => {
  expect(await ask('GET /repos/acme/x HTTP/1.1\r\nHost: other.example.com')).toMatch(/^HTTP\/1\.1 421/);
});

test('S35: on a connection that is kept each request is judged', async () => {
  const agent = await bed.dial(host);
  expect(await converse(agent, `GET /repos/acme/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`, whole)).toMatch(
    / 200 /,
  );
  expect(await converse(agent, `GET /user HTTP/1.1\r\nHost: ${host}\r\n\r\n`, whole)).toMatch(/ 403 /);
  agent.destroy();
});

describe('bodies', () => {
  const note = `POST /notes HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json`;
  test('one that fits passes', async () => {
    expect(await ask(`${note}\r\nContent-Length: 8`, '{"a": 1}')).toMatch(/^HTTP\/1\.1 200/);
  });

  test('one that says it is longer is refused', async () => {
    const got = await ask(`${note}\r\nContent-Length: 21`, `{"a": "${'x'.repeat(12)}"}`);
    expect(got).toMatch(/^HTTP\/1\.1 403/);
    expect(got).toContain('at most 20 bytes of body');
  });

  test('one that does not say is cut off where it is longer', async () => {
    const got = await ask(`${note}\r\nTransfer-Encoding: chunked`, `15\r\n${'x'.repeat(21)}\r\n0\r\n\r\n`);
    expect(got).toMatch(/^HTTP\/1\.1 413/);
    expect(got).toContain('HTTP_BODY_TOO_LARGE');
    expect(seen).toEqual([]);
    expect(bed.records[0]?.attributes).toMatchObject({ 'clrk.egress.deny_reason': 'http_rule' });
  });

  test('one of another type is refused', async () => {
    const plain = note.replace('application/json', 'text/plain');
    expect(await ask(`${plain}\r\nContent-Length: 2`, 'hi')).toMatch(/^HTTP\/1\.1 403/);
  });
});

describe('S32: WebSocket', () => {
  const upgrade = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==`;
  const headed = (text: string): boolean => text.includes('\r\n\r\n');

  test('only where a match says so', async () => {
    expect(await ask(upgrade('/repos/acme/x'), '', headed)).toMatch(/^HTTP\/1\.1 403/);
    expect(seen).toEqual([]);
  });

  test('and there it is relayed', async () => {
    expect(await ask(upgrade('/events'), '', headed)).toMatch(/^HTTP\/1\.1 101/);
  });
});

describe('HTTP/2', () => {
  let client: ClientHttp2Session;
  beforeEach(async () => {
    const socket = await bed.dial(host, { alpn: ['h2'] });
    client = connectHttp2(`https://${host}`, { createConnection: () => socket });
    client.on('error', () => undefined);
  });

  const status = (fields: Record<string, string>): Promise<number | string> =>
    new Promise((resolve) => {
      const stream = client.request({ ':authority': host, ...fields });
      stream.on('response', (headers) => resolve(headers[':status'] ?? 0));
      stream.on('error', ({ message }) => resolve(message));
      stream.on('close', () => resolve('closed'));
      stream.resume();
    });

  test('each stream is judged', async () => {
    expect(await status({ ':method': 'GET', ':path': '/repos/acme/x' })).toBe(200);
    expect(await status({ ':method': 'DELETE', ':path': '/repos/acme/x' })).toBe(403);
    expect(await status({ ':method': 'GET', ':path': '/user' })).toBe(403);
    expect(await status({ ':method': 'GET', ':path': '/repos/acme/../user' })).toBe(400);
    client.close();
    expect(seen).toHaveLength(1);
  });

  test('S18: an :authority of another host, or a Host beside it that differs', async () => {
    expect(
      await status({ ':method': 'GET', ':path': '/repos/acme/x', ':authority': 'other.example.com' }),
    ).toBe(421);
    expect(await status({ ':method': 'GET', ':path': '/repos/acme/x', host: 'other.example.com' })).toBe(421);
    client.close();
    expect(seen).toEqual([]);
  });
});

test('bytes that are not HTTP do not pass, in TLS or without', async () => {
  const before = bed.upstreamConnections();
  const agent = await bed.dial(host);
  await converse(agent, '\x00\x01\x02 not http\r\n\r\n', () => false);
  expect(bed.records.every(({ attributes }) => attributes['clrk.decision'] === 'deny')).toBe(true);
  bed.records.length = 0;
  const raw = await bed.connect();
  raw.write(bed.frame({ hostname: host }));
  await converse(raw, 'SSH-2.0-x\r\n', () => false);
  await until(() => bed.records.length > 0, 'a record of the connection');
  expect(bed.records[0]?.attributes).toMatchObject({
    'clrk.decision': 'deny',
    'clrk.egress.deny_reason': 'protocol',
  });
  expect(bed.upstreamConnections()).toBe(before);
  expect(seen).toEqual([]);
});

test('S36: a rule that is gone reaches the WebSocket that went under it', async () => {
  const agent = await bed.dial(host);
  const upgrade = `GET /events HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  expect(await converse(agent, upgrade, (text) => text.includes('\r\n\r\n'))).toMatch(/ 101 /);
  const ended = new Promise((resolve) => agent.once('close', resolve));
  agent.resume();
  bed.configure((ip, port) =>
    createConfig(ip, port, httpPolicy([httpRoute([match(at('Exact', '/other'))])], { port })),
  );
  await ended;
});

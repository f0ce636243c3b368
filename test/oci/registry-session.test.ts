import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { RegistrySession, type RegistrySessionOptions } from '../../oci/registry-session.ts';
import { RegistrySource } from '../../oci/registry-source.ts';
import { collect, verified } from '../../oci/image-source.ts';
import { codeOf, sha256 } from './image-fixture.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const session = (host: string, more: Partial<RegistrySessionOptions> = {}): RegistrySession =>
  new RegistrySession({ host, plainHttp: true, delay: () => Promise.resolve(), ...more });
const scope = 'repository:app:pull';
const credentials = { username: 'me', password: 'pass-word' };

function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body = '',
): void {
  response.writeHead(status, headers).end(body);
}

test('a bearer challenge is answered with a token that the credentials bought', async () => {
  const seen: string[] = [];
  const host = await serve((request, response) => {
    seen.push(`${request.url ?? ''} ${request.headers.authorization ?? '-'}`);
    if (request.url?.startsWith('/token') === true) return answer(response, 200, {}, '{"token":"abc"}');
    if (request.headers.authorization === 'Bearer abc') return answer(response, 200, {}, 'ok');
    const challenge = `Bearer realm="http://${host}/token",service="reg"`;
    return answer(response, 401, { 'www-authenticate': challenge });
  });
  const client = session(host, { credentials });
  expect(await (await client.request('/v2/app/x', { scope })).text()).toBe('ok');
  await client.request('/v2/app/y', { scope });
  const basic = `Basic ${Buffer.from('me:pass-word').toString('base64')}`;
  expect(seen).toEqual([
    '/v2/app/x -',
    `/token?service=reg&scope=${encodeURIComponent(scope)} ${basic}`,
    '/v2/app/x Bearer abc',
    '/v2/app/y Bearer abc',
  ]);
});

test('basic authentication, and a refusal that names no credentials', async () => {
  const host = await serve((request, response) => {
    const good = request.headers.authorization === `Basic ${Buffer.from('me:pass-word').toString('base64')}`;
    return answer(response, good ? 200 : 401, { 'www-authenticate': 'Basic realm="r"' }, 'ok');
  });
  expect((await session(host, { credentials }).request('/v2/', { scope })).status).toBe(200);
  const wrong = { username: 'me', password: 'wrong-secret' };
  const refused = await session(host, { credentials: wrong })
    .request('/v2/', { scope })
    .then(
      () => new Error('not refused'),
      (thrown: Error) => thrown,
    );
  expect(refused).toMatchObject({ code: 'IMAGE_UNAUTHORIZED' });
  expect(JSON.stringify([String(refused), refused.stack])).not.toContain('wrong-secret');
  expect(await codeOf(session(host).request('/v2/', { scope }))).toBe('IMAGE_UNAUTHORIZED');
});

test('S39: a redirect to another host does not carry the credentials along', async () => {
  let received: string | undefined = 'none yet';
  const other = await serve((request, response) => {
    received = request.headers.authorization;
    answer(response, 200, {}, 'blob');
  });
  const host = await serve((request, response) =>
    request.headers.authorization === undefined
      ? answer(response, 401, { 'www-authenticate': 'Basic realm="r"' })
      : answer(response, 307, { location: `http://${other}/blob` }),
  );
  expect(await (await session(host, { credentials }).request('/v2/app/b', { scope })).text()).toBe('blob');
  expect(received).toBeUndefined();
});

test('S39: without plainHttp nothing is sent over http, not even after a redirect', async () => {
  const redirecting = (() =>
    Promise.resolve(
      new Response(null, { status: 307, headers: { location: 'http://evil/' } }),
    )) as typeof fetch;
  const client = new RegistrySession({
    host: 'r.example',
    fetch: redirecting,
    delay: () => Promise.resolve(),
  });
  expect(await codeOf(client.request('/v2/', { scope }))).toBe('REGISTRY_REFUSED');
});

test('an endless redirect and an endless token are given up', async () => {
  const loop = await serve((_request, response) => answer(response, 307, { location: '/again' }));
  expect(await codeOf(session(loop).request('/v2/', { scope }))).toBe('REGISTRY_REFUSED');
  const token = await serve((request, response) =>
    request.url === '/token?scope=repository%3Aapp%3Apull'
      ? answer(response, 200, {}, 'x'.repeat(100_000))
      : answer(response, 401, { 'www-authenticate': `Bearer realm="http://${token}/token"` }),
  );
  expect(await codeOf(session(token).request('/v2/', { scope }))).toBe('REGISTRY_REFUSED');
});

test.each([
  [500, 'REGISTRY_UNREACHABLE', 4],
  [429, 'REGISTRY_RATE_LIMITED', 4],
  [403, 'IMAGE_UNAUTHORIZED', 1],
  [418, 'REGISTRY_REFUSED', 1],
])('status %i ends as %s after %i attempts', async (status, code, attempts) => {
  let count = 0;
  const host = await serve((_request, response) => {
    count++;
    answer(response, status);
  });
  expect(await codeOf(session(host).request('/v2/', { scope }))).toBe(code);
  expect(count).toBe(attempts);
});

test('a passing trouble is overcome', async () => {
  let count = 0;
  const host = await serve((request, response) => {
    if (++count === 1) request.socket.destroy();
    else answer(response, count === 2 ? 503 : 200, {}, 'ok');
  });
  expect((await session(host).request('/v2/', { scope })).status).toBe(200);
});

test('a caller who gives up is not kept waiting by retries', async () => {
  const host = await serve(() => undefined);
  const abort = new AbortController();
  const asking = session(host).request('/v2/', { scope, signal: abort.signal });
  abort.abort();
  expect(await codeOf(asking)).toBeDefined();
});

test('S53: a blob that is longer, shorter or other than its digest is refused', async () => {
  const digest = sha256('hello');
  for (const body of ['hellO', 'hell', 'hello and more']) {
    const host = await serve((_request, response) => answer(response, 200, {}, body));
    const source = new RegistrySource(session(host), host, 'app');
    const reading = async (): Promise<Buffer> =>
      collect(verified(await source.blob(digest), { digest, size: 5 }), 100);
    expect(await codeOf(reading())).toBe('IMAGE_DIGEST_MISMATCH');
  }
});

test('S53: a manifest asked by digest must be that manifest; an endless one is cut', async () => {
  const host = await serve((request, response) => {
    if (request.url?.includes('sha256') === true) return answer(response, 200, {}, '{}');
    return answer(response, 200, {}, ' '.repeat(5 * 1024 * 1024));
  });
  const source = new RegistrySource(session(host), host, 'app');
  expect(await codeOf(source.manifest(sha256('other')))).toBe('IMAGE_DIGEST_MISMATCH');
  expect(await codeOf(source.manifest('latest'))).toBe('IMAGE_TOO_LARGE');
});

test('a connection cut in the middle of a blob has our name', async () => {
  const host = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('some', () => response.destroy());
  });
  const source = new RegistrySource(session(host), host, 'app');
  const reading = async (): Promise<Buffer> => collect(await source.blob(sha256('x')), 100);
  expect(await codeOf(reading())).toBe('REGISTRY_UNREACHABLE');
});

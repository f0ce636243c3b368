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
  const redirecting = (): Promise<Response> =>
    Promise.resolve(new Response(null, { status: 307, headers: { location: 'http://evil/' } }));
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
      collect(verified(await source.blob({ digest, size: 5 }), { digest, size: 5 }), 100);
    expect(await codeOf(reading())).toBe('IMAGE_DIGEST_MISMATCH');
  }
});

test('S54: a blob without end is left as soon as it is too long', async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Buffer, void> {
    // An end after all, so that a reader who does not stop is told from one who does.
    for (; sent < 1000; sent++) yield await Promise.resolve(Buffer.alloc(10));
  }
  const blob = { digest: sha256('x'), size: 25 };
  expect(await codeOf(collect(verified(endless(), blob), 1_000_000))).toBe('IMAGE_DIGEST_MISMATCH');
  expect(sent).toBe(2);
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
  const reading = async (): Promise<Buffer> =>
    collect(await source.blob({ digest: sha256('x'), size: 100 }), 100);
  expect(await codeOf(reading())).toBe('REGISTRY_UNREACHABLE');
});

const text = 'the quick brown fox jumps over the lazy dog';
const blob = { digest: sha256(text), size: text.length };
const readBlob = async (host: string): Promise<string> =>
  (
    await collect(verified(await new RegistrySource(session(host), host, 'app').blob(blob), blob), 100)
  ).toString();

/** How a server that cuts its first answer serves the rest. */
test.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
  [
    'the rest',
    (request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1]);
      const range = `bytes ${from}-${text.length - 1}/${text.length}`;
      answer(response, 206, { 'content-range': range }, text.slice(from));
    },
  ],
  ['all of it again', (_request, response) => answer(response, 200, {}, text)],
  [
    'from an earlier byte',
    (_request, response) => answer(response, 206, { 'content-range': 'bytes 3-42/43' }, text.slice(3)),
  ],
])('a blob that was cut goes on where it broke off when the server sends %s', async (_what, rest) => {
  const ranges: Array<string | undefined> = [];
  const host = await serve((request, response) => {
    ranges.push(request.headers.range);
    if (ranges.length > 1) return rest(request, response);
    response.writeHead(200, { 'content-length': text.length });
    return response.write(text.slice(0, 10), () => response.destroy());
  });
  expect(await readBlob(host)).toBe(text);
  expect(ranges).toEqual([undefined, 'bytes=10-']);
});

test('a blob whose server sends another part is refused; one that never goes on is given up', async () => {
  let count = 0;
  const wrong = await serve((_request, response) => {
    if (++count > 1) return answer(response, 206, { 'content-range': 'bytes 20-42/43' }, text.slice(20));
    response.writeHead(200, { 'content-length': text.length });
    return response.write(text.slice(0, 10), () => response.destroy());
  });
  expect(await codeOf(readBlob(wrong))).toBe('REGISTRY_REFUSED');
  let attempts = 0;
  const barren = await serve((_request, response) => {
    attempts++;
    response.writeHead(200, { 'content-length': text.length });
    response.write('', () => response.destroy());
  });
  expect(await codeOf(readBlob(barren))).toBe('REGISTRY_UNREACHABLE');
  expect(attempts).toBeLessThanOrEqual(20);
});

test('bodies are asked for as they are stored, and taken as they are sent', async () => {
  let asked: unknown;
  const host = await serve((request, response) => {
    asked = request.headers['accept-encoding'];
    answer(response, 200, { 'content-encoding': 'gzip' }, text);
  });
  expect(await readBlob(host)).toBe(text);
  expect(asked).toBe('identity');
});

test('a registry that asks for a long wait is not asked before it is over', async () => {
  let count = 0;
  const host = await serve((_request, response) => {
    count++;
    answer(response, 429, { 'retry-after': '60' });
  });
  const asking = session(host).request('/v2/', { scope });
  await expect(asking).rejects.toMatchObject({
    code: 'REGISTRY_RATE_LIMITED',
    retryable: true,
    retryAfterMs: 60_000,
  });
  expect(count).toBe(1);
});

test('a short wait is kept in full', async () => {
  const waits: number[] = [];
  const host = await serve((_request, response) =>
    waits.length === 0 ? answer(response, 503, { 'retry-after': '7' }) : answer(response, 200),
  );
  const delay = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  expect((await session(host, { delay }).request('/v2/', { scope })).status).toBe(200);
  expect(waits).toEqual([7000]);
});

const challenge = (realm: string): Response =>
  new Response(null, { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` } });

/** Who is told the password: registry and token service, both spoken to over https by a fake wire. */
async function seenBy(host: string, realm: string, login: object): Promise<readonly string[]> {
  const seen: string[] = [];
  const client = new RegistrySession({
    host,
    credentials: { ...credentials, ...login },
    delay: () => Promise.resolve(),
    fetch: (url, { headers, method, body }) => {
      seen.push(
        `${method} ${url.hostname} ${headers['authorization'] ?? (typeof body === 'string' ? body : '-')}`,
      );
      if (headers['authorization']?.startsWith('Bearer') === true) return Promise.resolve(new Response('ok'));
      return Promise.resolve(
        url.href.startsWith(realm) ? new Response('{"access_token":"t"}') : challenge(realm),
      );
    },
  });
  await client.request('/v2/app/x', { scope });
  return seen;
}

const basic = `Basic ${Buffer.from('me:pass-word').toString('base64')}`;

test.each([
  ['docker.io', 'https://auth.docker.io/token', basic],
  ['registry.gitlab.com', 'https://gitlab.com/jwt/auth', basic],
  ['reg.example.com', 'https://reg.example.com/token', basic],
  ['reg.example.com', 'https://evil.example.org/token', '-'],
  ['me.github.io', 'https://evil.github.io/token', '-'],
  ['203.0.113.1', 'https://203.0.113.2/token', '-'],
])('S39: the password for %s sent to %s is %s', async (host, realm, expected) => {
  const [, token] = await seenBy(host, realm, {});
  expect(token).toBe(`GET ${new URL(realm).hostname} ${expected}`);
});

test('S39: a refresh token goes in a body, to its own token service alone', async () => {
  const login = { username: '', password: '', identityToken: 'refresh-me' };
  const form = `grant_type=refresh_token&client_id=clrk&scope=${encodeURIComponent(scope)}&service=s&refresh_token=refresh-me`;
  expect((await seenBy('docker.io', 'https://auth.docker.io/token', login))[1]).toBe(
    `POST auth.docker.io ${form}`,
  );
  expect((await seenBy('docker.io', 'https://evil.example/token', login))[1]).toBe('GET evil.example -');
});

test('S39: a 401 of another host than the registry is not answered with a login', async () => {
  const seen: Array<string | undefined> = [];
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    answer(response, 401, { 'www-authenticate': 'Basic realm="r"' });
  });
  const host = await serve((_request, response) =>
    answer(response, 307, { location: `http://${other}/blob` }),
  );
  expect(await codeOf(session(host, { credentials }).request('/v2/app/b', { scope }))).toBe(
    'IMAGE_UNAUTHORIZED',
  );
  expect(seen).toEqual([undefined]);
});

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/latest/',
  'http://[::ffff:169.254.169.254]/',
  'http://[fd00:ec2::254]/latest/',
  'http://[fe80::1]/',
  'http://0.0.0.0:1/',
])('S29: a registry cannot send a worker to %s', async (location) => {
  const host = await serve((request, response) =>
    request.url === '/token' ? answer(response, 200) : answer(response, 307, { location }),
  );
  expect(await codeOf(session(host).request('/v2/app/b', { scope }))).toBe('REGISTRY_REFUSED');
});

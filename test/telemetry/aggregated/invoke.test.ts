/** A call through the cluster's API: what reaches the front door, and what never does. */
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forwardInvoke } from '../../../telemetry/aggregated/invoke.ts';

interface Got {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
let got: Got | undefined;
const ingress = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    got = { url: request.url ?? '', headers: request.headers, body };
    response.writeHead(201, {
      'x-clrk-invocation-id': 'i',
      'set-cookie': 'a=b',
      trailer: 'x-clrk-exit-code',
    });
    response.write('answer');
    response.addTrailers({ 'x-clrk-exit-code': '0' });
    response.end();
  });
});
let ingressUrl = '';
const door = createServer((request, response) => {
  const target = { namespace: 'team-a', agent: 'hello', path: '/x?y=1' };
  forwardInvoke(ingressUrl, target, request, response).catch((error: unknown) => {
    response.writeHead(502);
    response.end((error as { code?: string }).code);
  });
});
const urlOf = (server: typeof door): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

beforeAll(async () => {
  for (const server of [ingress, door]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  ingressUrl = urlOf(ingress);
});
afterAll(() => {
  for (const server of [ingress, door]) {
    server.closeAllConnections();
    server.close();
  }
});

describe('a call', () => {
  test('goes to its agent with its body; who the caller is to the cluster and what the platform says does not', async () => {
    const id = '0190a1b2-0000-4000-8000-000000000001';
    const answer = await fetch(urlOf(door), {
      method: 'POST',
      body: '{"prompt":"hi"}',
      headers: {
        'content-type': 'application/json',
        accept: 'text/plain',
        authorization: 'Bearer of-the-cluster',
        cookie: 'session=1',
        'impersonate-user': 'root',
        'x-remote-user': 'ann',
        'x-remote-group': 'system:masters',
        'x-clrk-trigger': 'cron',
        'x-clrk-taskagent': 'team-b/other',
        'x-clrk-caller': 'e30',
        'x-clrk-invocation-id': id,
        'x-tenant': 'blue',
      },
    });
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe('answer');
    expect(answer.headers.get('x-clrk-invocation-id')).toBe('i');
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(got).toMatchObject({ url: '/agents/team-a/hello/x?y=1', body: '{"prompt":"hi"}' });
    expect(got?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-tenant': 'blue',
      'x-clrk-invocation-id': id,
    });
    const secret = Object.keys(got?.headers ?? {}).filter((name) =>
      /authorization|cookie|impersonate|x-remote|trigger|taskagent|caller/.test(name),
    );
    expect(secret).toEqual([]);
  });

  test.each([
    ['with its fields', 'upgrade: x\r\nconnection: upgrade\r\n'],
    ['bare', ''],
  ])('an answer of 101, %s, ends the call at once', async (_what, fields) => {
    const upgrading = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`));
    });
    upgrading.listen(0, '127.0.0.1');
    await once(upgrading, 'listening');
    const there = ingressUrl;
    ingressUrl = `http://127.0.0.1:${(upgrading.address() as AddressInfo).port}/`;
    const answer = await fetch(urlOf(door), { method: 'POST', body: '{}' });
    ingressUrl = there;
    upgrading.close();
    expect(answer.status).toBe(502);
    expect(await answer.text()).toBe('INVOKE_UPGRADED');
  });

  test('while the ingress is away is told so', async () => {
    const there = ingressUrl;
    ingressUrl = 'http://127.0.0.1:1/';
    const answer = await fetch(urlOf(door), { method: 'POST', body: '{}' });
    ingressUrl = there;
    expect(answer.status).toBe(502);
    expect(await answer.text()).toBe('INGRESS_UNREACHABLE');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fixedId, StandInServer, status } from '../stand-in-server.ts';

const server = new StandInServer();
const folder = mkdtempSync(join(tmpdir(), 'clrk-publish-'));
beforeAll(() => server.start());
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  server.reset();
});

const door =
  'POST /api/v1/namespaces/clrk-system/services/http:clrk-ingress:80/proxy/events/team/orders.created';
const posted = () => server.received.filter(({ method }) => method === 'POST');

describe('clrk publish', () => {
  test('posts one CloudEvent, with an id of its own, and says where it is kept', async () => {
    server.on(door, (response) => void response.writeHead(202).end('{}'));
    const result = await server.run(['publish', 'orders.created', '-d', '{"id":7}', '--type', 'order']);
    expect(result).toMatchObject({ code: 0, stdout: '' });
    expect(result.stderr).toContain(
      `event ${fixedId} is kept for the agents of team that hear orders.created`,
    );
    expect(posted()[0]).toMatchObject({
      body: '{"id":7}',
      headers: {
        ...{ 'content-type': 'application/json', 'ce-id': fixedId, 'ce-source': 'clrk-cli' },
        ...{ 'ce-type': 'order', 'ce-specversion': '1.0' },
      },
    });
  });

  test('takes data from a file, and the id and source one gives', async () => {
    server.on(door, (response) => void response.writeHead(202).end('{}'));
    const file = join(folder, 'mail');
    writeFileSync(file, 'Subject: hi');
    await server.run(['publish', 'orders.created', '-f', file, '--id', 'm1', '--source', '/mail']);
    expect(posted()[0]).toMatchObject({
      body: 'Subject: hi',
      headers: { 'ce-id': 'm1', 'ce-source': '/mail' },
    });
  });

  test('says what the ingress says when it is not kept', async () => {
    const problem = {
      code: 'NO_TRIGGER',
      message: 'no agent of the namespace has a trigger for this subject',
    };
    server.on(door, (response) => {
      response.writeHead(404, { 'x-clrk-error-code': 'NO_TRIGGER', 'content-type': 'application/json' });
      response.end(JSON.stringify(problem));
    });
    const result = await server.run(['publish', 'orders.created']);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('no agent of the namespace has a trigger');
  });

  test('an attribute is written as a header may hold it', async () => {
    server.on(door, (response) => void response.writeHead(202).end('{}'));
    const words = ['publish', 'orders.created', '--id', 'a\n\u20ac', '--source', '/\u00fc', '--type', 'a b'];
    expect((await server.run(words)).code).toBe(0);
    expect(posted()[0]?.headers).toMatchObject({
      ...{ 'ce-id': 'a%0A%E2%82%AC', 'ce-source': '%2F%C3%BC', 'ce-type': 'a b' },
    });
  });

  test('a right that is missing is said as one', async () => {
    server.on(
      door,
      status(403, 'services is forbidden: cannot create services/proxy in the namespace "clrk-system"'),
    );
    const result = await server.run(['publish', 'orders.created']);
    expect(result.code).toBe(4);
    expect(result.stderr).toContain('\n  Ask for this right in namespace clrk-system');
  });

  test('is not done by any other answer', async () => {
    server.on(door, (response) => void response.writeHead(200).end('ok'));
    const result = await server.run(['publish', 'orders.created']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('not 202');
  });

  test.each<[string, string[]]>([
    ['a wildcard', ['orders.*']],
    ['a path', ['../agents/x']],
    ['two sources of data', ['orders.created', '-d', 'x', '-f', 'y']],
    ['a file that is not there', ['orders.created', '-f', '/nonexistent']],
    ['a folder', ['orders.created', '-f', '/tmp']],
    ['a file without end', ['orders.created', '-f', '/dev/zero']],
    ['too much', ['orders.created', '-d', 'x'.repeat(65_537)]],
    ['a type that no header holds', ['orders.created', '-d', 'x', '--content-type', 'a\nb']],
  ])('%s is an error of usage, and nothing is sent', async (_name, words) => {
    expect((await server.run(['publish', ...words])).code).toBe(2);
    expect(posted()).toEqual([]);
  });
});

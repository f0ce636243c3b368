/** Clients that go, or take nothing, and users that ask more than their share: what was taken for them comes back. */
import { EventEmitter, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createAggregatedHandler } from '../../../telemetry/aggregated/handler.ts';
import { callLimits, readLimits, watcherLimits } from '../../../telemetry/read/watcher-share.ts';
import { ReadTurns } from '../../../telemetry/read/read-turns.ts';
import { writeText } from '../../../telemetry/read/answer.ts';
import type { KubeCaller } from '../../../process/index.ts';
import { silentLog } from '../embedded.ts';

const base = '/apis/telemetry.clrk.apoxy.dev/v1alpha1/namespaces/team-a';
const soon = { timeout: 8_000, interval: 20 };

/** Everybody may, once `answers` is told to. A token is its user. */
class Bed implements AsyncDisposable {
  readonly #server;
  readonly #stop = new AbortController();
  readonly #sockets = new Set<Socket>();
  requests = 0;
  queries = 0;
  answers: Promise<void> = Promise.resolve();
  store: Promise<void> = Promise.resolve();

  constructor(ingressUrl = 'http://127.0.0.1:1/') {
    const call: KubeCaller = async ({ path, body }) => {
      const { spec } = (body ?? {}) as { readonly spec?: { readonly token?: string } };
      if (path.endsWith('tokenreviews')) {
        return { status: 201, body: { status: { authenticated: true, user: { username: spec?.token } } } };
      }
      if (!path.endsWith('subjectaccessreviews')) return { status: 404, body: {} };
      await this.answers;
      return { status: 201, body: { status: { allowed: true } } };
    };
    const query = async (sql: string): Promise<never[]> => {
      this.queries += 1;
      await this.store;
      const rows = sql.includes('FROM')
        ? []
        : [{ ms: String(Date.now()), id: String(BigInt(Date.now()) << 22n) }];
      return rows as never[];
    };
    const { signal } = this.#stop;
    // As many questions as requests: what is counted here is places of requests.
    const turns = new ReadTurns({ query }, { underWay: 1_000, ofOwner: 1_000, asked: 1_000 });
    this.#server = createServer(
      createAggregatedHandler({
        store: { query },
        turns,
        call,
        ingressUrl,
        log: silentLog,
        signal,
        pollMs: 20,
      }),
    );
  }

  async open(): Promise<this> {
    this.#server.on('request', () => (this.requests += 1));
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_error, count) => resolve(count)));
  }

  /** The socket, once it is sent. */
  async send(user: string, path: string, method = 'GET'): Promise<Socket> {
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1');
    this.#sockets.add(socket.on('error', () => undefined));
    await once(socket, 'connect');
    const head = `Host: x\r\nContent-Length: 0\r\nAuthorization: Bearer ${user}\r\n`;
    socket.write(`${method} ${base}${path} HTTP/1.1\r\n${head}\r\n`);
    return socket;
  }

  async status(user: string, path: string, method = 'GET'): Promise<number> {
    const socket = await this.send(user, path, method);
    const [head] = (await once(socket, 'data')) as [Buffer];
    return Number(head.toString().split(' ')[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

describe('a client that is gone', () => {
  test('before its rights are known holds no place among watchers, and asks the store nothing', async () => {
    await using bed = await new Bed().open();
    let allow = (): void => undefined;
    bed.answers = new Promise((resolve) => (allow = resolve));
    const going = await Promise.all(
      Array.from(
        { length: watcherLimits.ofUser },
        async () => await bed.send('alice', '/invocations?watch=1'),
      ),
    );
    await expect.poll(() => bed.requests, soon).toBe(watcherLimits.ofUser);
    for (const socket of going) socket.resetAndDestroy();
    await expect.poll(() => bed.connections(), soon).toBe(0);
    allow();
    expect(await bed.status('alice', '/invocations?watch=1')).toBe(200);
    // Those of the one watch that began just now.
    expect(bed.queries).toBeLessThan(watcherLimits.ofUser);
  });

  test('before its rights are known calls nobody', async () => {
    let calls = 0;
    const ingress = createServer((_request, response) => {
      calls += 1;
      response.end();
    });
    ingress.listen(0, '127.0.0.1');
    await once(ingress, 'listening');
    await using bed = await new Bed(`http://127.0.0.1:${(ingress.address() as AddressInfo).port}/`).open();
    let allow = (): void => undefined;
    bed.answers = new Promise((resolve) => (allow = resolve));
    const going = await bed.send('alice', '/taskagents/a/invoke', 'POST');
    await expect.poll(() => bed.requests, soon).toBe(1);
    going.resetAndDestroy();
    await expect.poll(() => bed.connections(), soon).toBe(0);
    allow();
    expect(await bed.status('bob', '/taskagents/a/invoke', 'POST')).toBe(200);
    expect(calls).toBe(1);
    ingress.closeAllConnections();
    ingress.close();
  });
});

describe('an answer nobody takes', () => {
  afterEach(() => void vi.useRealTimers());

  test('is cut after a minute; one that is taken is not', async () => {
    vi.useFakeTimers();
    const scene = Object.assign(new EventEmitter(), {
      ...{ destroyed: false, write: () => false },
      destroy: () => {
        scene.destroyed = true;
        scene.emit('close');
      },
    });
    const response = scene as unknown as ServerResponse;
    const taken = writeText(response, 'a');
    await vi.advanceTimersByTimeAsync(59_000);
    scene.emit('drain');
    await taken;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(scene.destroyed).toBe(false);
    const left = writeText(response, 'b');
    await vi.advanceTimersByTimeAsync(61_000);
    await left;
    expect([scene.destroyed, scene.listenerCount('drain')]).toEqual([true, 0]);
  });
});

test.each([
  ['lists', '/invocations', 'GET', readLimits],
  ['pages of logs', '/taskagents/a/logs', 'GET', readLimits],
  ['calls', '/taskagents/a/invoke', 'POST', callLimits],
])('%s under way have a share of a user and of a namespace’s users', async (_name, path, method, limits) => {
  let calls = 0;
  const silent = createServer(() => void (calls += 1));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  await using bed = await new Bed(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`).open();
  bed.store = new Promise(() => undefined);
  for (let index = 0; index < limits.ofNamespace; index += 1) {
    const user = `sa${Math.floor(index / limits.ofUser)}`;
    await bed.send(user, path, method);
  }
  // Each list asks the store one thing at a time.
  await expect.poll(() => calls + bed.queries, soon).toBe(limits.ofNamespace);
  expect(await bed.status('sa0', path, method)).toBe(429);
  expect(await bed.status('another-of-team-a', path, method)).toBe(429);
  silent.closeAllConnections();
  silent.close();
});

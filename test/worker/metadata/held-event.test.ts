/** The metadata server and agents that ask before there is an event, or answer for a run that is not theirs now. */
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CloudEvent } from '../../../contract/index.ts';
import type { Occupancy } from '../../../worker/egress/occupancy.ts';
import type { Occupant } from '../../../worker/egress/occupant.ts';
import { MetadataServer, type OfferedRun } from '../../../worker/metadata/metadata-server.ts';
import { openTransparentListener } from '../../../worker/system/libc.ts';

const sandbox = { sandboxId: 's' } as Occupant;
const occupancy = {
  byIp: (ip: string) => (ip === '127.0.0.2' ? sandbox : undefined),
} as unknown as Occupancy;

let server: MetadataServer;
let port = 0;
let misused = 0;

beforeEach(() => {
  const listener = openTransparentListener('127.0.0.1');
  port = listener.port;
  misused = 0;
  server = new MetadataServer({
    fd: listener.fd,
    occupancy,
    onError: (error) => expect.unreachable(String(error)),
  });
  server.attend(sandbox, () => (misused += 1));
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

interface Reply {
  readonly status: number | undefined;
  readonly body: string;
  readonly run: unknown;
}

function ask(method: string, path: string, body?: string, run?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = run === undefined ? {} : { 'x-clrk-invocation-id': run };
    const sent = httpRequest(
      { host: '127.0.0.1', port, localAddress: '127.0.0.2', agent: false, method, path, headers },
      (reply) => {
        void text(reply).then((all) =>
          resolve({ status: reply.statusCode, body: all, run: reply.headers['x-clrk-invocation-id'] }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const event = { specversion: '1.0', id: 'e', source: 's', type: 't', time: '' } as unknown as CloudEvent;
const run = (invocationId: string, isOneOfMany = true): OfferedRun => ({
  ...{ invocationId, event, body: Buffer.from(`for ${invocationId}`), isOneOfMany },
});

test('a question is held until there is an event, and the newest counts', async () => {
  const question = ask('GET', '/v1/event');
  const newer = ask('GET', '/v1/event');
  const first = await Promise.race([question, newer]);
  expect(first).toMatchObject({ status: 204, body: '' });
  const { asked } = server.offer(sandbox, run('i-1'));
  await asked;
  const replies = await Promise.all([question, newer]);
  expect(replies.filter(({ status }) => status === 200)).toEqual([
    { status: 200, body: 'for i-1', run: 'i-1' },
  ]);
});

test('after the answer the next question is held until the next run', async () => {
  const one = server.offer(sandbox, run('i-1'));
  expect(await ask('GET', '/v1/event')).toMatchObject({ body: 'for i-1' });
  // Not answered yet: it may ask again.
  expect(await ask('GET', '/v1/event')).toMatchObject({ body: 'for i-1' });
  expect((await ask('POST', '/v1/response', 'done', 'i-1')).status).toBe(204);
  expect((await one.answer).body.toString()).toBe('done');
  const next = ask('GET', '/v1/event');
  await ask('GET', '/elsewhere');
  server.finish(sandbox);
  server.offer(sandbox, run('i-2'));
  expect(await next).toEqual({ status: 200, body: 'for i-2', run: 'i-2' });
  expect(misused).toBe(0);
});

test.each<[string, string | undefined]>([
  ['the run before', 'i-1'],
  ['no run', undefined],
])('S13: an answer that names %s is not this run’s', async (_name, named) => {
  const { answer } = server.offer(sandbox, run('i-2'));
  expect((await ask('POST', '/v1/response', 'of another caller', named)).status).toBe(409);
  expect(misused).toBe(1);
  expect((await ask('POST', '/v1/response', 'mine', 'i-2')).status).toBe(204);
  expect((await answer).body.toString()).toBe('mine');
});

test('a second answer, and one for no run at all, are misuse', async () => {
  const { answer } = server.offer(sandbox, run('i-1'));
  await ask('POST', '/v1/response', 'one', 'i-1');
  expect((await ask('POST', '/v1/response', 'two', 'i-1')).status).toBe(409);
  expect((await answer).body.toString()).toBe('one');
  server.finish(sandbox);
  expect((await ask('POST', '/v1/response', 'three', 'i-1')).status).toBe(404);
  expect(misused).toBe(2);
});

test('of a process with one run an answer needs no name', async () => {
  const { answer } = server.offer(sandbox, run('i-1', false));
  expect((await ask('POST', '/v1/response', 'done')).status).toBe(204);
  expect((await answer).body.toString()).toBe('done');
});

test('who is withdrawn is held no longer', async () => {
  const question = ask('GET', '/v1/event');
  await ask('GET', '/elsewhere');
  server.withdraw(sandbox);
  await expect(question).rejects.toThrow();
});

/** One thing that happens: a run begins or ends, or the process answers for the run of that number (0: it names none). */
const happening = fc.oneof(
  fc.constant({ what: 'begin' } as const),
  fc.constant({ what: 'end' } as const),
  fc.record({ what: fc.constant('answer' as const), of: fc.integer({ min: 0, max: 6 }) }),
);

test('S13: whatever a process answers, and when, no caller gets what was made for another', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 16 }), async (history) => {
      const got = new Map<string, string[]>();
      let count = 0;
      for (const each of history) {
        if (each.what === 'end') server.finish(sandbox);
        if (each.what === 'begin') {
          count += 1;
          const id = `i-${count}`;
          got.set(id, []);
          void server.offer(sandbox, run(id)).answer.then(({ body }) => got.get(id)?.push(body.toString()));
        }
        if (each.what === 'answer') {
          const id = each.of === 0 ? undefined : `i-${each.of}`;
          await ask('POST', '/v1/response', `made for ${id ?? 'nobody'}`, id);
        }
      }
      server.finish(sandbox);
      for (const [id, bodies] of got) expect([[], [`made for ${id}`]]).toContainEqual(bodies);
    }),
    { numRuns: 40 },
  );
});

/** Calls whose callers do not wait: what they are told, and that each runs once, whichever replica is asked. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { limits } from '../../ingress/limits.ts';
import { call } from './call.ts';
import { locationOf, ResultBed, soon } from './result-bed.ts';

const bed = new ResultBed();

describe('Prefer: respond-async', () => {
  test('is answered at once; the answer is fetched later, from any replica, as it was', async () => {
    let release: () => void = () => undefined;
    bed.worker.behaviour = (seen, response) => {
      release = () => {
        response.writeHead(418, { 'content-type': 'text/x', 'x-own': 'yes', trailer: 'x-clrk-exit-code' });
        response.write(`answer to ${seen.body}`);
        response.addTrailers({ 'x-clrk-exit-code': '3' });
        response.end();
      };
    };
    const taken = await bed.post(0, { body: 'hi' });
    expect(taken).toMatchObject({ status: 202, headers: { 'preference-applied': 'respond-async' } });
    const location = locationOf(taken);
    const id = String(taken.headers['x-clrk-invocation-id']);
    expect(location).toBe(`/agents/shop/hello/.well-known/clrk/invocations/${id}`);
    expect(await bed.fetch(1, location)).toMatchObject({
      status: 202,
      headers: { location, 'retry-after': '1' },
    });
    await expect.poll(() => bed.worker.seen.some(({ body }) => body === 'hi'), soon).toBe(true);
    release();
    for (const replica of [1, 0]) {
      expect(await bed.finished(replica, location)).toMatchObject({
        ...{ status: 418, body: 'answer to hi', complete: true },
        headers: {
          'content-type': 'text/x',
          'x-own': 'yes',
          'x-clrk-exit-code': '3',
          'x-clrk-invocation-id': id,
        },
      });
    }
    const own = bed.events.filter(({ metadata }) => metadata.name === id);
    expect(own.map(({ status }) => status.phase)).toEqual(['Pending', 'Dispatched']);
    expect(own[0]?.spec.trigger).toEqual({ type: 'HTTP', source: 'ingress' });
  });

  test('is not for other methods, and not unless it is said', async () => {
    for (const options of [{ method: 'PUT' }, { headers: { prefer: 'wait=3, x="respond-async"' } }]) {
      expect((await bed.post(0, options)).status).toBe(200);
    }
  });

  test('an id once: the second is told where the answer is, whichever replica it asks', async () => {
    const headers = { 'x-clrk-invocation-id': randomUUID() };
    const before = bed.worker.seen.length;
    const first = await bed.post(0, { headers });
    const second = await bed.post(1, { headers });
    expect([first.status, second.status]).toEqual([202, 409]);
    expect(locationOf(second)).toBe(locationOf(first));
    await bed.finished(1, locationOf(first));
    expect(bed.worker.seen).toHaveLength(before + 1);
  });

  test('an id that a caller who waited has used: 409, nothing runs', async () => {
    const headers = { 'x-clrk-invocation-id': randomUUID() };
    await call({ port: bed.replicas[0]?.port ?? 0, headers });
    const before = bed.worker.seen.length;
    expect((await bed.post(1, { headers })).status).toBe(409);
    expect(bed.worker.seen).toHaveLength(before);
  });

  test('what the ingress refuses is refused at once', async () => {
    const before = bed.workers;
    bed.workers = [];
    const refused = await bed.post(0);
    bed.workers = before;
    expect(refused).toMatchObject({ status: 503, headers: { 'x-clrk-error-code': 'NO_READY_WORKER' } });
  });

  test('maxConcurrent holds for calls nobody waits for', async () => {
    const path = '/agents/shop/one/';
    let end: () => void = () => undefined;
    bed.worker.behaviour = (_seen, response) => {
      end = () => void response.end('done');
    };
    const before = bed.worker.seen.length;
    const first = await bed.post(0, { path });
    await expect.poll(() => bed.worker.seen.length, soon).toBe(before + 1);
    expect((await bed.post(0, { path })).headers['x-clrk-error-code']).toBe('AT_MAX_CONCURRENT');
    end();
    expect((await bed.finished(0, locationOf(first))).body).toBe('done');
  });

  test('a long body is taken whole before its caller is let go', async () => {
    const body = 'x'.repeat(300_000);
    bed.worker.behaviour = (seen, response) => void response.end(String(seen.body.length));
    const taken = await bed.post(0, { body });
    expect(taken.status).toBe(202);
    expect((await bed.finished(1, locationOf(taken))).body).toBe('300000');
  });

  test('a body that never ends, or is too long, is told to its caller, not promised', async () => {
    const before = bed.worker.seen.length;
    const announced = { 'content-length': String(33 * 1024 * 1024) };
    expect((await bed.post(0, { headers: announced })).headers['x-clrk-error-code']).toBe('BODY_TOO_LARGE');
    const chunked = { 'transfer-encoding': 'chunked' };
    const tooLong = await bed.post(0, { headers: chunked, body: Buffer.alloc(33 * 1024 * 1024) });
    expect(tooLong.headers['x-clrk-error-code']).toBe('BODY_TOO_LARGE');
    expect(bed.worker.seen).toHaveLength(before);
  }, 60_000);

  test('S54: of one agent runs so many at a time; another agent’s are taken', async () => {
    const answers: Array<() => void> = [];
    bed.worker.behaviour = (_seen, response) => void answers.push(() => response.end('x'));
    // From one address: a quarter is left to others.
    const most = (limits.deferred.agent * 3) / 4;
    const taken = await Promise.all(Array.from({ length: most + 1 }, () => bed.post(0)));
    expect(taken.map(({ status }) => status).filter((status) => status === 202)).toHaveLength(most);
    expect(taken.find(({ status }) => status === 429)?.headers['x-clrk-error-code']).toBe(
      'TOO_MANY_DEFERRED',
    );
    expect((await bed.post(0, { path: '/agents/shop/other/' })).status).toBe(202);
    await expect.poll(() => answers.length, soon).toBe(most + 1);
    for (const answer of answers) answer();
    await expect.poll(() => bed.replicas[0]?.usage.deferred, soon).toBe(0);
  });
});

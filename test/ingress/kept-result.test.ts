/** Results of calls nobody waited for: whole or told as less, for their time, for their agent, from any replica. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { callResults } from '../../contract/index.ts';
import { call, type Answer } from './call.ts';
import { locationOf, ResultBed, soon } from './result-bed.ts';

const bed = new ResultBed();

describe('a result', () => {
  test('that is too long is told as cut, and its beginning is there for who asks for it', async () => {
    const long = 'y'.repeat(callResults.maxBodyBytes + 1);
    bed.worker.behaviour = (_seen, response) => void response.end(long);
    const location = locationOf(await bed.post(0));
    const answer = await bed.finished(1, location);
    expect(answer).toMatchObject({ status: 507, headers: { 'x-clrk-error-code': 'RESULT_CUT' } });
    const kept = await bed.fetch(1, `${location}?kept`);
    expect(kept).toMatchObject({ status: 200, body: long.slice(1) });
    expect(kept.headers['x-clrk-result-end']).toBe(
      `cut; kept=${callResults.maxBodyBytes}; bytes=${long.length}`,
    );
  });

  test('of a run that broke off is told as that', async () => {
    bed.worker.behaviour = (_seen, response) => {
      response.write('half');
      setTimeout(() => response.destroy(), 100);
    };
    const location = locationOf(await bed.post(0));
    expect(await bed.finished(1, location)).toMatchObject({
      ...{ status: 502, headers: { 'x-clrk-error-code': 'RESULT_BROKEN' } },
    });
    expect((await bed.fetch(1, `${location}?kept`)).body).toBe('half');
  });

  test('is its agent’s alone, and only under an id that is one', async () => {
    const location = locationOf(await bed.post(0));
    await bed.finished(0, location);
    for (const path of [
      location.replace('/hello/', '/other/'),
      location.replace(/[^/]+$/, randomUUID()),
      location.replace(/[^/]+$/, '../x'),
      location.replace('/invocations/', '/elsewhere/'),
    ]) {
      expect(await bed.fetch(0, path)).toMatchObject({ headers: { 'x-clrk-error-code': 'RESULT_UNKNOWN' } });
    }
    expect((await bed.fetch(0, location, { method: 'DELETE' })).status).toBe(405);
    expect(await bed.fetch(0, location, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect(bed.worker.seen.some(({ url }) => url.includes('well-known'))).toBe(false);
  });

  test('is there for its time, and is known to have been there for a while', async () => {
    const location = locationOf(await bed.post(0));
    expect((await bed.finished(1, location)).status).toBe(200);
    bed.laterMs = callResults.keepMs + 3 * 60_000;
    const late = await bed.open();
    const answer = await call({ port: late.port, method: 'GET', path: location });
    expect(answer).toMatchObject({ status: 410, headers: { 'x-clrk-error-code': 'RESULT_OVER' } });
  });

  test('of an ingress that is gone is told as lost, once it cannot come any more', async () => {
    const dying = await bed.open();
    const gone = bed.connections.at(-1);
    bed.worker.behaviour = () => undefined;
    const before = bed.worker.seen.length;
    const taken = await call({ port: dying.port, headers: { prefer: 'respond-async' } });
    await expect.poll(() => bed.worker.seen.length, soon).toBe(before + 1);
    // As a SIGKILL looks from NATS.
    await gone?.close();
    const location = locationOf(taken);
    expect((await bed.fetch(1, location)).status).toBe(202);
    bed.laterMs = 60_000;
    const other = await bed.open();
    const answer = await call({ port: other.port, method: 'GET', path: location });
    expect(answer).toMatchObject({ status: 502, headers: { 'x-clrk-error-code': 'RESULT_LOST' } });
    await dying[Symbol.asyncDispose]();
  }, 60_000);

  test('of a run that ends with its ingress is kept as broken before the ingress is gone', async () => {
    const ending = await bed.open();
    bed.worker.behaviour = (_seen, response) => void response.write('begun');
    const taken = await call({ port: ending.port, headers: { prefer: 'respond-async' } });
    await ending.drain(200);
    expect(await bed.fetch(1, locationOf(taken))).toMatchObject({
      status: 502,
      headers: { 'x-clrk-error-code': 'RESULT_BROKEN' },
    });
  }, 60_000);
});

describe('what a namespace keeps', () => {
  test('is bounded, and takes nothing from another', async () => {
    const path = '/agents/cellar/full/';
    bed.workers = [...bed.workers, bed.worker.status('w2', { namespace: 'shop', images: {} })];
    bed.worker.behaviour = (_seen, response) => void response.end('z'.repeat(callResults.maxBodyBytes));
    const most = callResults.maxBytes / callResults.maxBodyBytes;
    const first = locationOf(await bed.post(0, { path }));
    expect((await bed.finished(0, first)).body).toHaveLength(callResults.maxBodyBytes);
    let last: Answer | undefined;
    for (let index = 0; index < most; index += 1) {
      const taken = await bed.post(0, { path });
      if (taken.status !== 202) break;
      last = await bed.finished(0, locationOf(taken));
    }
    // The last has no room: that it is not whole is said, and the first is still there.
    expect(last).toMatchObject({ status: 507 });
    expect((await bed.fetch(0, first)).status).toBe(200);
    bed.worker.behaviour = (_seen, response) => void response.end('z');
    expect((await bed.finished(0, locationOf(await bed.post(0)))).body).toBe('z');
  }, 120_000);
});

test('without NATS nothing is promised, and nothing runs', async () => {
  const before = bed.worker.seen.length;
  await bed.nats.kill();
  expect((await bed.post(0)).headers['x-clrk-error-code']).toBe('RESULTS_UNAVAILABLE');
  expect(bed.worker.seen).toHaveLength(before);
  await bed.nats.start();
}, 120_000);

/** What a worker takes and what it refuses, on the real thing. One worker serves the file. */
import { request as httpsRequest } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callOptions, expectNoLeftovers, terminalOf } from './expectation.ts';
import { TestWorker, testAgent, testGatewayConfig, waitFor } from './test-worker.ts';

let worker: TestWorker;

const agents = [
  testAgent('echo', 'cat'),
  testAgent('one-at-a-time', 'sleep 2', { maxConcurrent: 1 }),
  testAgent('no-image', 'true', {
    revisions: [{ name: 'no-image-00001', image: 'test/missing:1', env: [] }],
    servingRevision: 'no-image-00001',
  }),
  testAgent('no-revision', 'true', { revisions: [] }),
  testAgent('no-gateway-ca', 'true', { gateways: ['default/unborn'] }),
];

beforeAll(async () => {
  worker = await TestWorker.open(agents);
}, 60_000);

afterEach(async () => {
  await worker.worker.settled();
});

afterAll(async () => {
  await worker.worker.close(5000);
  expect(worker.remains()).toEqual([]);
  await worker[Symbol.asyncDispose]();
});

describe('admission', () => {
  test.each([
    ['nobody', 404, 'AGENT_NOT_FOUND'],
    ['no-image', 503, 'IMAGE_NOT_READY'],
    ['no-revision', 503, 'NO_READY_REVISION'],
    ['no-gateway-ca', 503, 'EGRESS_NOT_READY'],
  ])('%s gets %i %s and no event', async (agent, status, code) => {
    const answer = await worker.call(agent);
    expect(answer.status).toBe(status);
    expect(answer.headers['x-clrk-error-code']).toBe(code);
    expect(JSON.parse(answer.text)).toMatchObject({
      code,
      message: expect.any(String),
      hint: expect.any(String),
    });
    expect(worker.eventsOf(answer.invocationId)).toEqual([]);
  });

  test('a second run of an agent at its limit gets 429', async () => {
    const first = worker.call('one-at-a-time');
    await waitFor(() => worker.worker.status().inFlight['TaskAgent/default/one-at-a-time'] === 1);
    const second = await worker.call('one-at-a-time');
    expect(second.status).toBe(429);
    expect(second.headers['x-clrk-error-code']).toBe('AT_MAX_CONCURRENT');
    expect((await first).status).toBe(200);
  });

  test('a body over 32 MiB gets 400', async () => {
    const answer = await worker.call('echo', Buffer.alloc(32 * 1024 * 1024 + 1));
    expect(answer.status).toBe(400);
    expect(answer.headers['x-clrk-error-code']).toBe('BODY_TOO_LARGE');
  });

  test('a body of exactly 32 MiB arrives', async () => {
    await worker.apply([...agents, testAgent('count', 'wc -c')]);
    const answer = await worker.call('count', Buffer.alloc(32 * 1024 * 1024, 'a'), {
      'content-type': 'text/plain',
    });
    expect(Number(answer.text)).toBeGreaterThan(32 * 1024 * 1024);
  });

  test('a peer without a certificate of the control plane gets no HTTP at all', async () => {
    const { cert: _cert, key: _key, ...bare } = callOptions(worker, 'echo');
    const outcome = await new Promise<string>((resolve) => {
      const request = httpsRequest(bare, () => resolve('answered'));
      request.on('error', () => resolve('refused'));
      request.end();
    });
    expect(outcome).toBe('refused');
  });

  test('a gateway that vanished from the config means its agents answer 503', async () => {
    await worker.apply(agents, { gateways: [] });
    expect((await worker.call('echo')).headers['x-clrk-error-code']).toBe('EGRESS_NOT_READY');
    await worker.apply(agents, { gateways: [testGatewayConfig()] });
    expect((await worker.call('echo')).status).toBe(200);
  });
});

test('twenty at once all answer, with one terminal event each and nothing left', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      worker.call('echo', `n${index}`, { 'content-type': 'text/plain' }),
    ),
  );
  expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
  expect(answers.map((answer) => (JSON.parse(answer.text) as { data: string }).data)).toEqual(
    answers.map((_, index) => `n${index}`),
  );
  for (const { invocationId } of answers)
    expect((await terminalOf(worker, invocationId)).phase).toBe('Succeeded');
  await worker.worker.settled();
  expectNoLeftovers(worker);
  expect(worker.errors.map(String)).toEqual([]);
}, 60_000);

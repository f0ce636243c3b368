/** Invocations on the real thing: namespaces, runsc, mTLS. One worker serves the file; leftovers are counted after each. */
import { randomUUID } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { invocationSchema, isTerminal } from '../../contract/index.ts';
import { Value } from 'typebox/value';
import { TestWorker, testAgent, testGatewayConfig, waitFor } from './test-worker.ts';

let worker: TestWorker;

const metadataScript =
  'curl -sS $CLRK_METADATA_URL/event > /tmp/event; ' +
  'curl -sS -o /dev/null -w "%{http_code}\\n" -H "content-type: text/plain" --data-binary @/tmp/event $CLRK_METADATA_URL/response';

const agents = [
  testAgent('echo', 'cat'),
  testAgent(
    'environment',
    'env; id -u; cat /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem',
  ),
  testAgent('three', 'echo oops >&2; exit 3'),
  testAgent('late-failure', 'echo partial; exit 4'),
  testAgent('forever', 'echo started; while true; do sleep 1; done', { timeoutMs: 1500 }),
  testAgent('silent', 'while true; do sleep 1; done', { timeoutMs: 1000 }),
  testAgent('flood', 'head -c 104857600 /dev/zero'),
  testAgent('one-at-a-time', 'sleep 2', { maxConcurrent: 1 }),
  testAgent('metadata', metadataScript, { deliveryMode: 'Metadata' }),
  testAgent('mute', 'true', { deliveryMode: 'Metadata' }),
  testAgent('warm', 'cat; echo warm', { warmPoolSize: 1 }),
  testAgent(
    'read-only',
    'touch /x 2>&1; touch /etc/resolv.conf 2>&1; touch /tmp/ok && echo tmp ok; dd if=/dev/zero of=/tmp/big bs=1M count=8 2>&1 | head -1',
  ),
  testAgent('memory', 'head -c 400000000 /dev/zero > /tmp/big; echo survived', {
    resources: { cpuMillis: 1000, memoryBytes: 128 * 1024 * 1024, ephemeralStorageBytes: 1024 ** 3 },
  }),
  testAgent('state', 'cat /var/clrk/state/n 2>/dev/null; echo kept > /var/clrk/state/n', {
    state: { mountPath: '/var/clrk/state', sizeLimitBytes: 1024 },
  }),
  testAgent('hoarder', 'head -c 5000 /dev/zero > /var/clrk/state/big', {
    state: { mountPath: '/var/clrk/state', sizeLimitBytes: 1024 },
  }),
  testAgent('no-image', 'true', {
    revisions: [{ name: 'no-image-00001', image: 'test/missing:1', env: [] }],
    servingRevision: 'no-image-00001',
  }),
  testAgent('no-revision', 'true', { revisions: [] }),
  testAgent('no-gateway-ca', 'true', { gateways: ['default/unborn'] }),
  testAgent('bad-command', 'true', {
    revisions: [{ name: 'bad-00001', image: 'test/root:1', command: ['/no/such/program'], env: [] }],
    servingRevision: 'bad-00001',
  }),
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

/** Without idle warm sandboxes, nothing of any invocation may be there. */
function expectNoLeftovers(): void {
  const warm = Object.values(worker.worker.status().warm).reduce((sum, count) => sum + count, 0);
  expect(worker.leftovers().filter((each) => each.startsWith('bundle')).length).toBe(warm);
}

function terminalOf(invocationId: string) {
  const terminal = worker.eventsOf(invocationId).filter((event) => isTerminal(event.status.phase));
  expect(terminal).toHaveLength(1);
  for (const event of worker.eventsOf(invocationId)) expect(Value.Check(invocationSchema, event)).toBe(true);
  const [event] = terminal;
  if (event === undefined) throw new Error('no terminal event');
  return event.status;
}

describe('an invocation', () => {
  test('gets its CloudEvent on stdin and its stdout is the answer', async () => {
    const answer = await worker.call('echo', '{"question":42}', { 'content-type': 'application/json' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({
      specversion: '1.0',
      type: 'dev.apoxy.clrk.taskagent.invoke',
      source: 'clrk://default/echo',
      httpmethod: 'POST',
      httpurl: '/some/path',
      httpquery: 'q=1',
      clrkrevision: 'echo-00001',
      datacontenttype: 'application/json',
      data: { question: 42 },
    });
    await worker.worker.settled();
    expectNoLeftovers();
  });

  test('leaves Running and one terminal event whose phases sum to the total within 2 ms', async () => {
    const answer = await worker.call('echo', 'x');
    await waitFor(() => worker.eventsOf(answer.invocationId).length === 2);
    expect(worker.eventsOf(answer.invocationId).map((event) => event.status.phase)).toEqual([
      'Running',
      'Succeeded',
    ]);
    const status = terminalOf(answer.invocationId);
    const sum = Object.values(status.phasesMs ?? {}).reduce((total, ms) => total + ms, 0);
    expect(Math.abs(sum - (status.totalMs ?? 0))).toBeLessThan(2);
    expect(status).toMatchObject({
      exitCode: 0,
      httpStatus: 200,
      requestBytes: 1,
      responseBytes: answer.body.length,
    });
  });

  test('leaves a sandbox.invoke span under the caller with one child a phase', async () => {
    const traceId = randomUUID().replaceAll('-', '');
    const answer = await worker.call('echo', '', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    await waitFor(() => worker.eventsOf(answer.invocationId).length === 2);
    const spans = worker.spans.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
    const invoke = spans.find((span) => span.name === 'sandbox.invoke');
    expect(invoke?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
    const children = spans.filter((span) => span.parentSpanContext?.spanId === invoke?.spanContext().spanId);
    expect(children.map((span) => span.name)).toEqual(
      ['queue', 'slot', 'rootfs', 'create', 'start', 'deliver', 'firstByte', 'wait', 'respond'].map(
        (name) => `sandbox.${name}`,
      ),
    );
  });

  test('has the image, the platform and the gateway CA in its environment and files', async () => {
    const { text } = await worker.call('environment');
    for (const line of [
      'FROM_IMAGE=yes',
      'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
      'CLRK_METADATA_URL=http://169.254.169.254/v1',
      'HOME=/root',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    // Made where none was, and in place of the image's own.
    expect(text.match(/gateway ca of the tests/g)).toHaveLength(2);
    expect(text).not.toContain('public roots');
  });

  test('that exits 3 without output answers 500 with its exit code', async () => {
    const answer = await worker.call('three');
    expect(answer.status).toBe(500);
    expect(answer.headers['x-clrk-exit-code']).toBe('3');
    expect(answer.headers['x-clrk-error-code']).toBe('NON_ZERO_EXIT');
    expect(terminalOf(answer.invocationId)).toMatchObject({
      phase: 'Failed',
      exitCode: 3,
      reason: 'NonZeroExit',
    });
    expect(
      worker.logs
        .getFinishedLogRecords()
        .some((record) => record.body === 'oops' && record.attributes['log.iostream'] === 'stderr'),
    ).toBe(true);
  });

  test('that fails after output answers 200 and tells in the trailers', async () => {
    const answer = await worker.call('late-failure');
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('partial\n');
    expect(answer.trailers).toMatchObject({ 'x-clrk-exit-code': '4', 'x-clrk-error-code': 'NON_ZERO_EXIT' });
  });

  test('that never ends is ended at its deadline: 504 without output, a trailer with', async () => {
    const silent = await worker.call('silent');
    expect(silent.status).toBe(504);
    expect(terminalOf(silent.invocationId)).toMatchObject({ phase: 'Timeout', reason: 'DeadlineExceeded' });
    const talking = await worker.call('forever');
    expect(talking.text).toBe('started\n');
    expect(talking.trailers['x-clrk-error-code']).toBe('DEADLINE_EXCEEDED');
    await worker.worker.settled();
    expectNoLeftovers();
  });

  test('may answer 100 MB; the worker stays small', async () => {
    const before = process.memoryUsage().rss;
    const answer = await new Promise<number>((resolve, reject) => {
      const request = httpsRequest(callOptions('flood'), (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length));
        response.on('end', () => resolve(bytes));
      });
      request.on('error', reject);
      request.end();
    });
    expect(answer).toBe(104_857_600);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });

  test('is wrapped for a caller that accepts CloudEvents', async () => {
    const answer = await worker.call('late-ok', '', { accept: 'application/cloudevents+json' });
    expect(answer.status).toBe(404);
    const wrapped = await worker.call('echo', 'hi', {
      accept: 'application/cloudevents+json',
      'x-request-id': 'r1',
    });
    expect(wrapped.headers['content-type']).toBe('application/cloudevents+json');
    expect(JSON.parse(wrapped.text)).toMatchObject({
      id: 'r1.response',
      relationid: 'r1',
      type: 'dev.apoxy.clrk.taskagent.response',
      datacontenttype: 'application/json',
    });
  });

  test('with delivery Metadata fetches its event and posts its answer', async () => {
    const answer = await worker.call('metadata', 'the body', { 'content-type': 'text/plain' });
    expect(answer).toMatchObject({ status: 200, text: 'the body' });
    expect(answer.headers['content-type']).toBe('text/plain');
    const mute = await worker.call('mute');
    expect(mute.status).toBe(502);
    expect(mute.headers['x-clrk-error-code']).toBe('NO_RESPONSE');
  });

  test('is ended when its caller goes away', async () => {
    const invocationId = randomUUID();
    await new Promise<void>((resolve) => {
      const request = httpsRequest(
        callOptions('forever', { 'x-clrk-invocation-id': invocationId }),
        (response) => {
          response.once('data', () => {
            request.destroy();
            resolve();
          });
          response.on('error', () => undefined);
        },
      );
      request.on('error', () => undefined);
      request.end();
    });
    await waitFor(() => worker.eventsOf(invocationId).length === 2, 1400);
    expect(terminalOf(invocationId)).toMatchObject({ phase: 'Failed', reason: 'CallerGone' });
    await worker.worker.settled();
    expectNoLeftovers();
  });

  test('finds its root read-only and its /tmp bounded', async () => {
    const { text } = await worker.call('read-only');
    expect(text.match(/Read-only file system/g)).toHaveLength(2);
    expect(text).toContain('tmp ok');
    expect(text).toContain('No space left on device');
  });

  test('S54: is ended by the kernel when it takes more memory than its limit', async () => {
    const answer = await worker.call('memory');
    expect(answer.text).not.toContain('survived');
    expect(terminalOf(answer.invocationId).phase).toBe('Failed');
  });

  test('keeps its state between runs and is refused when it is over the limit', async () => {
    expect((await worker.call('state')).text).toBe('');
    expect((await worker.call('state')).text).toBe('kept\n');
    expect((await worker.call('hoarder')).status).toBe(200);
    const full = await worker.call('hoarder');
    expect(full.status).toBe(507);
    expect(full.headers['x-clrk-error-code']).toBe('STATE_FULL');
  });

  test('uses a sandbox made ahead of need', async () => {
    await waitFor(() => worker.worker.status().warm['default/warm-00001'] === 1);
    const answer = await worker.call('warm', 'x');
    expect(answer.text).toContain('warm\n');
    expect(terminalOf(answer.invocationId).phasesMs?.['create']).toBeLessThan(5);
    await waitFor(() => worker.worker.status().warm['default/warm-00001'] === 1);
  });

  test('whose program is missing fails and says so', async () => {
    const answer = await worker.call('bad-command');
    expect(answer.status).toBe(500);
    expect(answer.headers['x-clrk-error-code']).toBe('SANDBOX_FAILED');
    expect(answer.text).toContain('/no/such/program');
    await worker.worker.settled();
    expectNoLeftovers();
  });
});

function callOptions(agent: string, headers: Readonly<Record<string, string>> = {}) {
  return {
    host: '127.0.0.1',
    port: worker.worker.status().port,
    servername: 'worker.clrk.internal',
    ca: worker.certificates.caPem,
    cert: worker.certificates.client.certificatePem,
    key: worker.certificates.client.privateKeyPem,
    method: 'POST',
    agent: false,
    headers: { 'x-clrk-taskagent': `default/${agent}`, 'x-clrk-invocation-id': randomUUID(), ...headers },
  } as const;
}

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
    const { cert: _cert, key: _key, ...bare } = callOptions('echo');
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
  for (const { invocationId } of answers) expect(terminalOf(invocationId).phase).toBe('Succeeded');
  await worker.worker.settled();
  expectNoLeftovers();
  expect(worker.errors.map(String).filter((text) => !text.includes('/no/such/program'))).toEqual([]);
}, 60_000);

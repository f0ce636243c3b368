/** Invocations on the real thing: namespaces, runsc, mTLS. One worker serves the file; leftovers are counted after each. */
import { randomUUID } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callOptions, expectNoLeftovers, terminalOf } from './expectation.ts';
import { TestWorker, testAgent, waitFor } from './test-worker.ts';

let worker: TestWorker;

const metadataScript =
  'curl -sS $CLRK_METADATA_URL/event > /tmp/event; ' +
  'curl -sS -o /dev/null -w "%{http_code}\\n" -H "content-type: text/plain" -H "x-clrk-error-code: FORGED" -H "x-clrk-exit-code: 7" --data-binary @/tmp/event $CLRK_METADATA_URL/response';

const agents = [
  testAgent('echo', 'cat'),
  testAgent('quiet', 'true'),
  testAgent(
    'environment',
    'env; id -u; cat /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem',
  ),
  testAgent('three', 'echo oops >&2; exit 3'),
  testAgent('late-failure', 'echo partial; exit 4'),
  testAgent('forever', 'echo started; while true; do sleep 1; done', { timeoutMs: 1500 }),
  testAgent('silent', 'while true; do sleep 1; done', { timeoutMs: 1000 }),
  testAgent('flood', 'head -c 104857600 /dev/zero'),
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
  expect(worker.errors.map(String).filter((text) => !text.includes('/no/such/program'))).toEqual([]);
  await worker[Symbol.asyncDispose]();
});

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
    expectNoLeftovers(worker);
  });

  test('leaves Running and one terminal event whose phases sum to the total within 2 ms', async () => {
    const answer = await worker.call('echo', 'x');
    await waitFor(() => worker.eventsOf(answer.invocationId).length === 2);
    expect(worker.eventsOf(answer.invocationId).map((event) => event.status.phase)).toEqual([
      'Running',
      'Succeeded',
    ]);
    const status = await terminalOf(worker, answer.invocationId);
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
    expect(await terminalOf(worker, answer.invocationId)).toMatchObject({
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

  test('that exits 0 says so: in the trailers after output, in a header without', async () => {
    const talking = await worker.call('echo', 'x');
    expect(String(talking.headers['trailer']).split(', ')).toContain('x-clrk-exit-code');
    expect(talking.trailers).toEqual({ 'x-clrk-exit-code': '0' });
    const silent = await worker.call('quiet');
    expect([silent.status, silent.text, silent.headers['x-clrk-exit-code']]).toEqual([200, '', '0']);
    const wrapped = await worker.call('echo', '', { accept: 'application/cloudevents+json' });
    expect(wrapped.headers['x-clrk-exit-code']).toBe('0');
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
    expect(await terminalOf(worker, silent.invocationId)).toMatchObject({
      phase: 'Timeout',
      reason: 'DeadlineExceeded',
    });
    const talking = await worker.call('forever');
    expect(talking.text).toBe('started\n');
    expect(talking.trailers['x-clrk-error-code']).toBe('DEADLINE_EXCEEDED');
    await worker.worker.settled();
    expectNoLeftovers(worker);
  });

  test('may answer 100 MB; the worker stays small', async () => {
    const before = process.memoryUsage().rss;
    const answer = await new Promise<number>((resolve, reject) => {
      const request = httpsRequest(callOptions(worker, 'flood'), (response) => {
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
    // The agent posted both; they are ours to set, and its exit is not known yet.
    expect(answer.headers['x-clrk-error-code']).toBeUndefined();
    expect(answer.headers['x-clrk-exit-code']).toBeUndefined();
    const mute = await worker.call('mute');
    expect(mute.status).toBe(502);
    expect(mute.headers['x-clrk-error-code']).toBe('NO_RESPONSE');
  });

  test('is ended when its caller goes away', async () => {
    const invocationId = randomUUID();
    await new Promise<void>((resolve) => {
      const request = httpsRequest(
        callOptions(worker, 'forever', { 'x-clrk-invocation-id': invocationId }),
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
    expect(await terminalOf(worker, invocationId)).toMatchObject({ phase: 'Failed', reason: 'CallerGone' });
    await worker.worker.settled();
    expectNoLeftovers(worker);
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
    expect((await terminalOf(worker, answer.invocationId)).phase).toBe('Failed');
  });

  test('keeps its state between runs', async () => {
    expect((await worker.call('state')).text).toBe('');
    expect((await worker.call('state')).text).toBe('kept\n');
  });

  test('uses a sandbox made ahead of need', async () => {
    await waitFor(() => worker.worker.status().warm['default/warm-00001'] === 1);
    const answer = await worker.call('warm', 'x');
    expect(answer.text).toContain('warm\n');
    expect((await terminalOf(worker, answer.invocationId)).phasesMs?.['create']).toBeLessThan(5);
    await waitFor(() => worker.worker.status().warm['default/warm-00001'] === 1);
  });

  test('whose program is missing fails and says so', async () => {
    const answer = await worker.call('bad-command');
    expect(answer.status).toBe(500);
    expect(answer.headers['x-clrk-error-code']).toBe('SANDBOX_FAILED');
    expect(answer.text).toContain('/no/such/program');
    await worker.worker.settled();
    expectNoLeftovers(worker);
  });
});

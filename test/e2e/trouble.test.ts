/**
 * What goes wrong with an agent or around it gets the phase, HTTP status and condition of the reference, with words that
 * say what to do, and leaves nothing in the worker.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { images, namespace, shellAgent, taskAgent } from './agents.ts';
import { DevPlatform, type CallOptions } from './dev-platform.ts';
import { pushArtifact } from './pushed-artifact.ts';

const registry = 'localhost:5100';
let platform: DevPlatform;

beforeAll(async () => {
  platform = await DevPlatform.open();
  await pushArtifact(registry, 'chart');
  await platform.agents(
    shellAgent('three', 'echo oops >&2; exit 3'),
    shellAgent('endless', 'while true; do sleep 1; done', { timeout: '2s' }),
    shellAgent('flood', 'head -c 104857600 /dev/zero'),
  );
}, 300_000);

afterAll(() => platform[Symbol.asyncDispose]());

const list = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** Sandboxes the workers still know. */
function sandboxes(): string[] {
  return list(platform.home.pods).flatMap((pod) =>
    ['bundles', 'runsc'].flatMap((name) => list(join(platform.home.pods, pod, 'v/run', name))),
  );
}

describe('an agent that', () => {
  it.each<[string, CallOptions, object, RegExp]>([
    ['three', {}, { http: 500, phase: 'Failed', reason: 'NonZeroExit', exitCode: 3 }, /clrk logs/],
    ['endless', {}, { http: 504, phase: 'Timeout', reason: 'DeadlineExceeded' }, /spec\.timeout/],
  ])('%s', async (name, options, expected, words) => {
    const answer = await platform.call(name, options);
    expect(answer.text).toMatch(words);
    const { phase, reason, exitCode } = (await platform.invocation(name, answer.id))?.status ?? {};
    expect({ http: answer.status, phase, reason, ...(exitCode === undefined ? {} : { exitCode }) }).toEqual(
      expected,
    );
    await vi.waitFor(() => expect(sandboxes()).toEqual([]), 20_000);
  });

  it('writes 100 MB has all of it delivered', async () => {
    const answer = await platform.call('flood');
    expect({ status: answer.status, bytes: answer.text.length }).toEqual({ status: 200, bytes: 104_857_600 });
    const { phase, responseBytes } = (await platform.invocation('flood', answer.id))?.status ?? {};
    expect({ phase, responseBytes }).toEqual({ phase: 'Succeeded', responseBytes: 104_857_600 });
    await vi.waitFor(() => expect(sandboxes()).toEqual([]), 20_000);
  });
});

it('a body over 32 MiB is answered with 400 and a hint, to a caller that is still sending it', async () => {
  const answer = await platform.call('three', { body: Buffer.alloc(33 * 1024 * 1024, 'x') });
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toMatchObject({
    code: 'BODY_TOO_LARGE',
    hint: expect.stringMatching(/address/) as string,
  });
  expect(sandboxes()).toEqual([]);
});

describe('an agent whose', () => {
  it.each([
    [
      'pool is missing',
      { workerPoolRef: 'nowhere' },
      images.shell,
      'WorkerPoolNotFound',
      /nowhere does not exist/,
    ],
    [
      'gateway is missing',
      { egressRefs: [{ gatewayRef: 'nowhere' }] },
      images.shell,
      'EgressRefsNotFound',
      /nowhere does not exist/,
    ],
    ['image is not there', {}, `${registry}/nothing:1`, 'ImageNotFound', /nothing/],
    ['image is a chart', {}, `${registry}/chart:1`, 'ImageInvalid', /chart/],
  ])('%s says so and is answered with 503', async (what, more, image, reason, message) => {
    const name = what.replaceAll(' ', '-');
    await platform.apply(taskAgent(name, { image }, more));
    const ready = await vi.waitFor(
      async () => {
        const found = (await platform.conditions(`taskagent/${name}`)).find(({ type }) => type === 'Ready');
        expect(found).toMatchObject({ status: 'False', reason });
        return found;
      },
      { timeout: 60_000, interval: 300 },
    );
    expect(ready?.message).toMatch(message);
    const answer = await platform.call(name);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toMatchObject({ hint: expect.stringMatching(/./) as string });
    await platform.must('delete', 'taskagent', name);
  });

  it('key’s Secret is missing is refused by the gateway, and the policy says which', async () => {
    const encoded = await platform.must('get', 'secret', 'openai', '-o', 'jsonpath={.data.token}');
    const ask =
      'curl -sS -w \'%{http_code}\' -d \'{"model":"gpt-4o","messages":[]}\' -H \'content-type: application/json\' https://api.openai.com/v1/chat/completions';
    await platform.agents(shellAgent('keyless', ask));
    await platform.must('delete', 'secret', 'openai');
    try {
      await vi.waitFor(
        async () => {
          const policy = JSON.parse(
            await platform.must('get', 'credentialinjectionpolicy/gateway-openai-credential', '-o', 'json'),
          ) as { status: { ancestors: { conditions: { reason: string; message: string }[] }[] } };
          const reasons = policy.status.ancestors.flatMap(({ conditions }) => conditions);
          expect(reasons.find(({ reason }) => reason === 'SecretNotFound')?.message).toContain('openai');
        },
        { timeout: 30_000, interval: 200 },
      );
      await vi.waitFor(
        async () => {
          const answer = await platform.call('keyless');
          expect(answer.text).toMatch(/"error".*502$/s);
        },
        { timeout: 30_000, interval: 200 },
      );
    } finally {
      await platform.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'openai', namespace },
        data: { token: encoded },
      } as never);
      await platform.must(
        'wait',
        '--for=condition=Ready',
        '--timeout=60s',
        'credentialinjectionpolicy/gateway-openai-credential',
      );
    }
  }, 120_000);
});

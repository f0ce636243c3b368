/**
 * Every process of the platform is killed, one at a time, while invocations go on: the stream recovers by itself, each
 * accepted invocation ends in exactly one phase, and what is cut in the middle of a call fails closed.
 */
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import type { RunningProvider } from '../../examples/provider/index.ts';
import { askingScript, images, shellAgent, taskAgent } from './agents.ts';
import { CallStream } from './call-stream.ts';
import { DevPlatform } from './dev-platform.ts';
import { comesBack, kill } from './platform-process.ts';

let platform: DevPlatform;
let provider: RunningProvider;

beforeAll(async () => {
  platform = await DevPlatform.open();
  provider = await platform.provider();
  await platform.agents(
    taskAgent('steady', { image: images.shell, command: ['/bin/cat'] }),
    shellAgent('asking', askingScript),
  );
}, 300_000);

afterAll(async () => {
  await provider.close();
  await platform[Symbol.asyncDispose]();
});

describe('a stream of invocations recovers by itself from the death of', () => {
  test.each([
    'etcd',
    'kube-apiserver',
    'kube-controller-manager',
    'nats-server',
    'registry',
    'pod/clrk-system/clrk-operator',
    'pod/clrk-system/clrk-ingress',
    'pod/clrk-system/clrk-telemetry',
    'pod/e2e/default-workers',
    'pod/e2e/clrk-egress-default',
    'engine',
  ])(
    '%s',
    async (name) => {
      await using stream = new CallStream(() => platform.call('steady', { body: 'x' }));
      await stream.succeed(2);
      await comesBack(platform, name, kill(platform, name));
      await stream.succeed(3);
      await stream.stop();
      // Every call that got an answer of an admitted run, good or bad, ends in one phase.
      for (const id of stream.admitted) {
        const found = await platform.invocation('steady', id);
        expect(found, `invocation ${id}`).toBeDefined();
      }
      const events = await platform.terminalEvents('steady');
      expect([...events].filter(([, count]) => count !== 1)).toEqual([]);
    },
    120_000,
  );
});

describe('in the middle of a call', () => {
  it('the death of the gateway is an error for the agent, and nothing leaves around it', async () => {
    provider.setFault({ delayMs: 20_000 });
    try {
      const before = provider.received().length;
      const answer = platform.call('asking');
      await vi.waitFor(() => expect(provider.received().length).toBe(before + 1), 30_000);
      const killed = kill(platform, 'pod/e2e/clrk-egress-default');
      const { text, id } = await answer;
      // No answer: at most the interim one by which the gateway took the body.
      expect(text).toMatch(/curl=(18|35|52|56|92) code=(000|100)/);
      // Nobody tried again around the gateway.
      expect(provider.received().length).toBe(before + 1);
      expect((await platform.invocation('asking', id))?.status.phase).toBe('Succeeded');
      await comesBack(platform, 'pod/e2e/clrk-egress-default', killed);
    } finally {
      provider.setFault(undefined);
    }
    await platform.ready('egressgateway/default');
    expect((await platform.call('asking')).text).toContain('curl=0 code=200');
  }, 120_000);

  it.each(['nats-server', 'pod/clrk-system/clrk-telemetry'])(
    'the death of %s does not keep an invocation from its one terminal phase',
    async (name) => {
      provider.setFault({ delayMs: 3_000 });
      try {
        const before = provider.received().length;
        const answer = platform.call('asking');
        await vi.waitFor(() => expect(provider.received().length).toBe(before + 1), 30_000);
        const killed = kill(platform, name);
        const { text, id, status } = await answer;
        expect({ status, text }).toMatchObject({
          status: 200,
          text: expect.stringContaining('curl=0 code=200') as string,
        });
        await comesBack(platform, name, killed);
        expect((await platform.invocation('asking', id))?.status.phase).toBe('Succeeded');
        expect((await platform.terminalEvents('asking')).get(id)).toBe(1);
      } finally {
        provider.setFault(undefined);
      }
    },
    120_000,
  );
});

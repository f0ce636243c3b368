import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeInvocation, type Invocation } from '../../../contract/index.ts';
import { Outbox } from '../../../worker/dispatch/outbox.ts';
import { testAgent, waitFor } from '../test-worker.ts';

const event = (id: string, phase: Invocation['status']['phase']): Invocation =>
  composeInvocation(
    {
      agent: testAgent('a', ''),
      id,
      trigger: { type: 'HTTP', source: 'ingress' },
      createdAt: 0,
      timeoutMs: 1,
    },
    { phase },
  );

describe('the outbox', () => {
  test('stores every event in order of each invocation through an outage', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (failures) => {
        const stored: string[] = [];
        const fate = [...failures];
        const outbox = new Outbox({
          pool: 'main',
          publish: (_subject, messageId) => {
            if (fate.shift() === true) return Promise.reject(new Error('away'));
            if (!stored.includes(messageId)) stored.push(messageId);
            return Promise.resolve();
          },
          onDrop: () => undefined,
          retryMs: 0,
        });
        for (let index = 0; index < 10; index += 1) outbox.add(event(`i${index}`, 'Running'));
        for (let index = 0; index < 10; index += 1) outbox.add(event(`i${index}`, 'Succeeded'));
        await waitFor(() => outbox.size === 0);
        expect(stored.filter((id) => id.endsWith('/terminal'))).toHaveLength(10);
        expect(stored).toHaveLength(20);
      }),
      { numRuns: 20 },
    );
  });

  test('gives up non-terminal events first when it is full', async () => {
    let up = false;
    let dropped = 0;
    const stored: string[] = [];
    const outbox = new Outbox({
      pool: 'main',
      publish: (_subject, messageId) =>
        up ? Promise.resolve(void stored.push(messageId)) : Promise.reject(new Error('away')),
      onDrop: (count) => (dropped += count),
      limit: 4,
      retryMs: 1,
    });
    for (const [id, phase] of [
      ['a', 'Running'],
      ['a', 'Succeeded'],
      ['b', 'Running'],
      ['b', 'Failed'],
      ['c', 'Running'],
      ['c', 'Timeout'],
    ] as const)
      outbox.add(event(id, phase));
    up = true;
    await waitFor(() => outbox.size === 0);
    expect(dropped).toBe(2);
    expect(stored.filter((id) => id.endsWith('/terminal')).sort()).toEqual([
      'uid-a/a/terminal',
      'uid-a/b/terminal',
      'uid-a/c/terminal',
    ]);
  });

  test('closing does not wait for ever', async () => {
    const outbox = new Outbox({
      pool: 'main',
      publish: () => Promise.reject(new Error('away')),
      onDrop: () => undefined,
      retryMs: 1,
    });
    outbox.add(event('a', 'Running'));
    const before = Date.now();
    await outbox.close(50);
    expect(Date.now() - before).toBeLessThan(1000);
  });
});

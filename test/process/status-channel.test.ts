/** Words of other processes are foreign bytes: what they make a listener throw ends nothing, and a stranger makes nobody speak. */
import type { Msg, NatsConnection } from 'nats';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StatusChannel } from '../../process/index.ts';

type Callback = (error: null, message: Partial<Msg>) => void;

/** A connection that says what it is told to. */
function open() {
  let callback: Callback = () => undefined;
  const broken: unknown[] = [];
  const subscribe = (_subject: string, options: { callback: Callback }): void =>
    void (callback = options.callback);
  const channel = new StatusChannel({ subscribe } as unknown as NatsConnection, (thrown) =>
    broken.push(thrown),
  );
  return { channel, broken, say: (message: Partial<Msg>): void => callback(null, message) };
}

const defect = new Error('any');
const word = {
  ...{ subject: '$KV.CLRK_STATUS.egress.team-b.gw.p', reply: '_INBOX.egress.team-b.gw.x' },
  string: () => '{}',
};
const hello = { subject: 'clrk.hello.team-b', reply: '_INBOX.worker.team-b.main.x' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what a word makes a listener throw ends with it, and the next word is heard', () => {
  const { channel, broken, say } = open();
  let heard = 0;
  channel.watch('egress.team-b.', () => {
    heard += 1;
    throw defect;
  });
  say(word);
  say({
    ...word,
    string: () => {
      throw defect;
    },
  });
  say(word);
  expect([heard, broken]).toEqual([2, [defect, defect, defect]]);
});

test('what a hello makes a listener throw ends with it, at once and later', () => {
  const { channel, broken, say } = open();
  channel.onHello('team-b', () => {
    throw defect;
  });
  say(hello);
  say(hello);
  vi.advanceTimersByTime(500);
  expect(broken).toEqual([defect, defect]);
});

test('S57: hellos of a pool of the namespace make it speak twice a second; others never', () => {
  const { channel, say } = open();
  let spoke = 0;
  channel.onHello('team-b', () => (spoke += 1));
  for (const reply of [undefined, '', '_INBOX.worker.team-a.main.x', '_INBOX.egress.team-b.gw.x']) {
    say({ ...hello, ...(reply === undefined ? { reply: '' } : { reply }) });
  }
  vi.advanceTimersByTime(5_000);
  expect(spoke).toBe(0);
  for (let nth = 0; nth < 100; nth += 1) {
    say(hello);
    vi.advanceTimersByTime(10);
  }
  expect(spoke).toBeLessThanOrEqual(3);
  expect(spoke).toBeGreaterThanOrEqual(2);
});

/**
 * What no route opens is refused inside the sandbox at once, never a hang, and leaves one record with the
 * reason: an unnamed destination, an address instead of a name, IPv6, UDP, a denied look-up.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { attribute } from '../../contract/index.ts';
import { images, shellAgent, taskAgent } from './agents.ts';
import { DevPlatform } from './dev-platform.ts';

let platform: DevPlatform;

/** Runs the attempt and prints its exit code and how long it took, in milliseconds. */
const timed = (attempt: string): string =>
  `start=$(cut -d' ' -f1 /proc/uptime); { ${attempt}; } >/tmp/out 2>&1; code=$?; end=$(cut -d' ' -f1 /proc/uptime); ` +
  `echo "code=$code seconds=$(echo "$start $end" | sed 's/\\.//g' | { read -r a b; expr $b - $a; })"; cat /tmp/out`;

/** As a client of HTTP/3 begins. Busybox cannot send a datagram. */
const datagram = `
import socket, time
start = time.monotonic()
code = 0
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect(("192.0.2.77", 443))
        s.send(b"x")
        s.recv(1)
except OSError as error:
    code = error.errno or 1
print(f"code={code} seconds={int((time.monotonic() - start) * 100)}")
`;

const attempts = {
  unnamed: ['curl -sS -m 20 https://example.com/', 'dns_policy', 'example.com'],
  literal: ['curl -sS -m 20 https://192.0.2.77/', 'ip_literal', '192.0.2.77'],
  ipv6: ['curl -sS -m 20 -g https://[2001:db8::1]/', 'ipv6', '2001:db8::1'],
  lookup: ['nslookup denied.e2e.test', 'dns_policy', 'denied.e2e.test'],
} as const;

beforeAll(async () => {
  platform = await DevPlatform.open();
  await platform.agents(
    taskAgent('refused-udp', { image: images.python, command: ['python3', '-c', datagram] }),
    ...Object.entries(attempts).map(([name, [attempt]]) => shellAgent(`refused-${name}`, timed(attempt))),
  );
}, 300_000);

afterAll(() => platform[Symbol.asyncDispose]());

test.each<[string, string, string]>([
  ...Object.entries(attempts).map(([name, [, reason, destination]]): [string, string, string] => [
    name,
    reason,
    destination,
  ]),
  ['udp', 'udp', '192.0.2.77'],
])('%s', async (name, reason, destination) => {
  const agent = `refused-${name}`;
  const { text, id, status } = await platform.call(agent);
  expect(status).toBe(200);
  const [, code = '', hundredths = ''] = /^code=(\d+) seconds=(\d+)/.exec(text) ?? [];
  expect(Number(code)).toBeGreaterThan(0);
  // /proc/uptime counts hundredths of a second. The attempts themselves give up after 20 s: less than 5 is no hang, on
  // however slow a machine.
  expect(Number(hundredths)).toBeLessThan(500);
  await vi.waitFor(
    async () => {
      const records = (await platform.trace(agent, id)).filter(
        (span) => span.attributes[attribute.denyReason] === reason,
      );
      expect(records.map((span) => JSON.stringify(span.attributes).includes(destination))).toEqual([true]);
    },
    { timeout: 30_000, interval: 1_000 },
  );
});

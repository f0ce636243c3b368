import { expect, test } from 'vitest';
import { chooseListener, computeAction } from '../../contract/listener.ts';
import { sniff } from '../../egress/session/sniff.ts';

const listener = (name: string, protocol: 'TCP' | 'TLS' | 'HTTP' | 'HTTPS', port?: number) => ({
  name,
  protocol,
  tlsMode: 'Terminate' as const,
  ...(port === undefined ? {} : { port }),
});

test('exact port beats catch-all, then shape priority, then nobody', () => {
  const all = [listener('any', 'TCP'), listener('web', 'HTTP', 443), listener('tls', 'TLS', 443)];
  expect(chooseListener(all, 443)?.name).toBe('tls');
  expect(chooseListener(all, 8443)?.name).toBe('any');
  expect(chooseListener(all.slice(1), 22)).toBeUndefined();
});

test.each([
  ['tls-terminate', 'tls', 'terminate'],
  ['tls-passthrough', 'tls', 'passthrough'],
  ['tcp', 'tls', 'terminate'],
  ['http', 'tls', 'refuse'],
  ['https', 'http1', 'refuse'],
  ['http', 'http1', 'http'],
  ['tcp', 'raw', 'relay'],
  ['http', 'raw', 'refuse'],
  ['tcp', 'h2-preface', 'http'],
  ['https', 'h2-preface', 'refuse'],
] as const)('a %s listener spoken to in %s: %s', (shape, wire, action) => {
  expect(computeAction(shape, wire)).toBe(action);
});

test.each([
  ['', 'more'],
  ['GE', 'more'],
  ['GET / HTTP/1.1', 'http1'],
  ['PRI * HTTP/2.0\r\n', 'more'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2-preface'],
  // A method may look like this; its line tells.
  ['SSH-2.0', 'more'],
  ['SSH-2.0-OpenSSH_9.6\r\n', 'raw'],
  ['\x16', 'tls'],
])('sniffs %j as %s', (text, wire) => {
  expect(sniff(Buffer.from(text, 'latin1'))).toBe(wire);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sniff, Sniffer } from '../../../egress/session/sniff.ts';

const line = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\r\n\r\nLOCK / http/1.0\r\n',
    'EHLO a\r\n',
  ),
  fc.constantFrom('PRI * HTTP/2.0\r\n\r\nSN', '\x16\x03\x01', 'SSH-2.0-x\r\n', 'get /\n', 'USER a HTTP\r\n'),
);

test('property: how the bytes are cut does not change what they are', () => {
  fc.assert(
    fc.property(line, fc.array(fc.nat(70), { maxLength: 8 }), (text, cuts) => {
      const bytes = Buffer.from(text, 'latin1');
      const sniffer = new Sniffer();
      let verdict = sniffer.push(Buffer.alloc(0));
      const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      let start = 0;
      for (const end of ends) {
        verdict = sniffer.push(bytes.subarray(start, end));
        start = end;
      }
      expect(verdict).toBe(sniff(bytes));
    }),
  );
});

test('property: a line with HTTP/ and a digit is never raw, whatever stands before it', () => {
  const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/);
  const leading = fc.stringMatching(/^[\r\n \t]{0,12}$/);
  fc.assert(
    fc.property(leading, token, fc.string({ maxLength: 40 }), (blank, method, rest) => {
      const text = `${blank}${method} ${rest.replaceAll('\n', '')} HTTP/1.1\r\n`;
      expect(['http1', 'h2-preface']).toContain(sniff(Buffer.from(text, 'latin1')));
    }),
  );
});

test.each([
  ['the greeting of SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['SMTP', 'EHLO me\r\n'],
  ['IRC', 'NICK me\r\n'],
  ['Redis', '*1\r\n$4\r\nPING\r\n'],
  ['RTSP', 'DESCRIBE rtsp://a RTSP/1.0\r\n'],
  ['PostgreSQL', '\0\0\0\x08\x04\xd2\x16\x2f'],
])('%s is raw', (_name, text) => {
  expect(sniff(Buffer.from(text, 'latin1'))).toBe('raw');
});

test.each([
  ['of version 1', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n'],
  ['of version 2', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c'],
  ['that claims nothing', 'PROXY UNKNOWN\r\n'],
])('S22: a PROXY line %s is never raw: the server behind would read HTTP after it', (_name, text) => {
  expect(sniff(Buffer.from(text, 'latin1'))).not.toBe('raw');
});

test('a first line that never ends is HTTP for a server that reads it, and not waited for', () => {
  expect(sniff(Buffer.alloc(16 * 1024 - 1, 'a'))).toBe('more');
  expect(sniff(Buffer.alloc(16 * 1024 + 1, 'a'))).toBe('http1');
});

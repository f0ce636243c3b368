/** What the first bytes of a connection speak. Pure and bounded: it asks for more only while a prefix still fits. */
import type { Wire } from '../../contract/index.ts';

const h2Preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
// The methods of RFC 9110, PATCH (RFC 5789) and the common WebDAV ones; other text is raw TCP.
const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'CONNECT',
  'TRACE',
  'PROPFIND',
  'REPORT',
  'MKCOL',
].map((method) => `${method} `);

/** `more`: not enough bytes to tell. */
export function sniff(bytes: Buffer): Wire | 'more' {
  if (bytes.length === 0) return 'more';
  if (bytes[0] === 22) return 'tls';
  const text = bytes.toString('latin1', 0, h2Preface.length);
  if (text === h2Preface) return 'h2-preface';
  if (methods.some((method) => text.startsWith(method))) return 'http1';
  const prefixes = [...methods, h2Preface];
  return prefixes.some((prefix) => prefix.startsWith(text)) ? 'more' : 'raw';
}

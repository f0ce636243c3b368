/**
 * Host names as every process of ours compares them: parsed once into lower-case A-labels, then trusted.
 * It is apart because DNS (worker), routing (egress) and reach (policy) must never differ in what a name is.
 * It must never repair: whatever is not a plain DNS name is refused (NUL, CRLF, `%`, `@`, empty labels, IPs).
 */
import { isIP } from 'node:net';

/** A canonical DNS name: lower case, no trailing dot, LDH labels (underscore allowed in front labels). */
export type Hostname = string & { readonly __brand: 'Hostname' };

/** `example.com` or `*.example.com` (exactly one label in place of the star). */
export type HostnamePattern = string & { readonly __brand: 'HostnamePattern' };

// RFC 1035 2.3.4: 63 octets a label, 253 characters a name. Underscore appears in real service names.
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The canonical form, or undefined when the text is not a DNS name. One trailing dot is the root and dropped. */
export function parseHostname(text: string): Hostname | undefined {
  if (text.length === 0 || text.length > 254) return undefined;
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  // toLowerCase maps a few non-ASCII characters to ASCII (the Kelvin sign): compare on ASCII input only.
  if (!/^[\x21-\x7e]+$/.test(text) || name.length > 253 || isIP(name) !== 0) return undefined;
  const labels = name.split('.');
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  // A last label of digits is how odd IPv4 spellings (127.1, 0x7f.1) look; no TLD is numeric (RFC 3696 2).
  const last = labels[labels.length - 1] ?? '';
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(last)) return undefined;
  return name as Hostname;
}

/** A pattern, or undefined. A star stands only for the whole first label and at least two labels must follow. */
export function parseHostnamePattern(text: string): HostnamePattern | undefined {
  if (!text.startsWith('*.')) return parseHostname(text) as HostnamePattern | undefined;
  const rest = parseHostname(text.slice(2));
  return rest === undefined || !rest.includes('.') ? undefined : (`*.${rest}` as HostnamePattern);
}

/** Label-boundary match: `*.example.com` matches `a.example.com`, not `example.com`, not `a.b.example.com`. */
export function matchesHostname(pattern: HostnamePattern, name: Hostname): boolean {
  if (!pattern.startsWith('*.')) return pattern === (name as string);
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot + 1) === pattern.slice(2);
}

/**
 * Which header fields are of one connection and never go on to the next, for all who pass HTTP on. Pure; names in lower case. What else
 * one of them keeps back (who calls, what it frames itself) is its own to say.
 */

/**
 * RFC 9110 7.6.1, what proxies say to each other, and the announcement of fields behind a body: those go on without it, and Node throws
 * where it is said of a message that has a length.
 */
const always: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** `connection`: that field of the same message, which may name more of its kind. */
export function hopByHop(connection: string | undefined): (name: string) => boolean {
  const named = new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  return (name) => always.has(name) || named.has(name);
}

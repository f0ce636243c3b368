/**
 * Names as servers read them, and those by which a request says that it is another one. One place for fields and parameters,
 * because a server may look in either. Pure.
 */

/** Servers behind CGI and WSGI read an underscore as a hyphen, and case never counts. */
export function spelling(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** By which a server takes a request for one of another method, as `spelling` has them (S33). */
export const methodOverrides = ['x-http-method-override', 'x-http-method', 'x-method-override'] as const;

/**
 * To some servers `a[b]` is a part of `a`, what stands behind a NUL is nothing, blanks before a name are nothing, and `a.b`, `a b`
 * and `a-b` are `a_b`.
 */
export function rootOf(name: string): string {
  const text = spelling(name.trim()).replace(/[ .]/g, '-');
  const end = text.search(/[[\0]/);
  return end < 0 ? text : text.slice(0, end);
}

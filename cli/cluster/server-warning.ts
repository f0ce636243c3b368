/** Header `Warning` of the API server (RFC 7234, 5.5): what it says beside an answer, such as that a list is cut. Pure. */
const warning = /(?:^|,)\s*299 [^\s"]+ "((?:[^"\\]|\\.)*)"/g;

export function warningsOf(header: string | undefined): readonly string[] {
  return [...(header ?? '').matchAll(warning)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}

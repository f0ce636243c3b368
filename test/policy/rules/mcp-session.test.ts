/** Which rules of an MCPRoute send to one place: what the references say counts, not how they are spelled. */
import { expect, test } from 'vitest';
import { documents, gateway, messages, object } from '../judge.ts';

const backend = (name: string): string =>
  object('Backend', name, `{ upstream: { host: ${name}.example.com } }`);
const route = (...refs: readonly string[]): string => {
  const rules = refs.map((ref, index) => `{ matches: [{ tools: [t${index}] }], backendRefs: [${ref}] }`);
  return object(
    'MCPRoute',
    'm',
    `{ parentRefs: [{ name: gw }], hostnames: [mcp.example.com], rules: [${rules.join(', ')}] }`,
  );
};
const told = (...refs: readonly string[]): number =>
  messages(documents(gateway, backend('a'), backend('b'), route(...refs)), 'mcp-session-split').length;

test.each([
  ['the same', ['{ name: a }', '{ name: a }'], 0],
  ['with what is usual written out', ['{ name: a }', '{ weight: 1, port: 443, kind: Backend, name: a }'], 0],
  ['another port', ['{ name: a }', '{ name: a, port: 8443 }'], 1],
  ['another Backend', ['{ name: a }', '{ name: b }'], 1],
])('%s', (_, refs, expected) => {
  expect(told(...refs)).toBe(expected);
});

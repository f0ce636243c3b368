/** Backends that a gateway cannot or will not dial. */
import { expect, test } from 'vitest';
import { documents, judge, object } from '../judge.ts';

const gateway = (upstream = ''): string =>
  object('EgressGateway', 'gw', `{ ${upstream} listeners: [{ name: all, protocol: TCP }] }`);
const backend = (host: string, port = 443): string =>
  object('Backend', 'b', `{ schema: { name: openai }, upstream: { host: "${host}", port: ${port} } }`);
const bare = (host: string, port: number): string => backend(host, port).replace(' port:', ' scheme: http, port:');
const route = object(
  'AIProviderRoute',
  'r',
  '{ parentRefs: [{ name: gw }], rules: [{ matches: [{ provider: openai }], backendRefs: [{ name: b }] }] }',
);
/** Sends what it opens to the place `b`. */
const relay = object(
  'EgressL4Route',
  's',
  '{ parentRefs: [{ name: gw }], rules: [{ matches: [{ destinationHostnames: [db.example.com] }], backendRefs: [{ name: b }] }] }',
);
const opening = (match: string): string =>
  object('EgressL4Route', 'l', `{ parentRefs: [{ name: gw }], rules: [{ matches: [${match}] }] }`);
const pinned = gateway('upstreamTLS: { hostAliases: [{ ip: 10.1.2.3, hostnames: [VLLM.models.svc] }] },');

test.each([
  ['IPv4', [gateway(), backend('192.0.2.1'), route], ['backend-by-address']],
  ['IPv6', [gateway(), backend('2001:db8::1'), route], ['backend-by-address']],
  ['a public name', [gateway(), backend('llm.example.com'), route], []],
  ['a Service', [gateway(), backend('vllm.models.svc'), route], ['backend-closed']],
  ['a Service, in full', [gateway(), backend('vllm.models.svc.cluster.local'), route], ['backend-closed']],
  ['a Service, with its root', [gateway(), backend('VLLM.models.svc.cluster.local'), route], ['backend-closed']],
  ['a Service by one name', [gateway(), backend('vllm'), route], ['backend-closed']],
  ['a Service of the name that a route means in another namespace', [gateway(), backend('vllm.models.svc'), route.replace('{ name: b }', '{ name: b, namespace: other }')], []],
  ['a Service of the name of another kind', [gateway(), backend('vllm.models.svc'), route.replace('{ name: b }', '{ name: b, kind: Service }')], []],
  ['a Service nobody uses', [gateway(), backend('vllm.models.svc')], []],
  ['a Service whose range is open', [gateway(), backend('vllm.models.svc'), route, opening('{ destinationCIDRs: [10.96.0.0/16] }')], []],
  ['on another port', [gateway(), backend('vllm.models.svc'), route, opening('{ destinationCIDRs: [10.96.0.0/16], ports: [{ port: 5432 }] }')], ['backend-closed']],
  ['by public ranges', [gateway(), backend('vllm.models.svc'), route, opening('{ destinationCIDRs: [203.0.113.0/24] }')], ['backend-closed']],
  ['by its name', [gateway(), backend('vllm.models.svc'), route, opening('{ destinationHostnames: [vllm.models.svc] }')], ['backend-closed']],
  ['a Service that is pinned', [pinned, backend('vllm.models.svc'), route], []],
  ['a pinned Service of plain HTTP', [pinned, backend('vllm.models.svc', 8000), route], ['backend-plain-http']],
  ['a Service of plain HTTP that says so', [pinned, bare('vllm.models.svc', 8000), route], []],
  ['in plain HTTP at a public pin', [gateway('upstreamTLS: { hostAliases: [{ ip: 203.0.113.9, hostnames: [vllm.models.svc] }] },'), bare('vllm.models.svc', 8000), route], ['backend-plain-http']],
  ['in plain HTTP outside the cluster', [gateway(), bare('llm.example.com', 80), route], ['backend-plain-http']],
  ['a private address as a place', [gateway(), backend('10.1.2.3'), relay], ['backend-closed']],
  ['whose range is open', [gateway(), backend('10.1.2.3'), relay, opening('{ destinationCIDRs: [10.1.0.0/16] }')], []],
  ['of which another range is open', [gateway(), backend('10.1.2.3'), relay, opening('{ destinationCIDRs: [10.96.0.0/16] }')], ['backend-closed']],
  ['a public address as a place', [gateway(), backend('203.0.113.9'), relay], []],
  ['port 80 anywhere', [gateway(), backend('llm.example.com', 80), route], ['backend-plain-http']],
  ['port 8000 elsewhere', [gateway(), backend('llm.example.com', 8000), route], []],
])('%s', (_, texts, expected) => {
  const told = judge(documents(...texts)).map(({ rule }) => rule);
  expect(told.filter((rule) => rule.startsWith('backend-'))).toEqual(expected);
});

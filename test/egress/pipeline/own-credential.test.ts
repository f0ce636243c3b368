import { expect, test } from 'vitest';
import type { Candidate, Injection } from '../../../decision/index.ts';
import { createField, type Field } from '../../../egress/http1/index.ts';
import { adapt } from '../../../egress/pipeline/adapt.ts';
import { identify, isRefusal, type AgentRequest } from '../../../egress/pipeline/identify.ts';
import { isSmuggled } from '../../../egress/pipeline/own-credential.ts';
import type { Hostname } from '../../../contract/index.ts';

const peer = {
  agent: { kind: 'TaskAgent' as const, namespace: 'd', name: 'a' },
  ...{ agentId: 'TaskAgent/d/a', uid: '', revision: '', invocationId: 'i', traceparent: undefined },
  ...{ hostname: 'api.example.com' as Hostname, ip: '198.18.0.1', port: 443 },
};
const injection = (change: Partial<Injection> = {}): Injection => ({
  kind: 'inject',
  fields: [{ name: 'authorization', raw: 'Authorization', value: 'Bearer ours' }],
  query: [],
  signing: undefined,
  token: undefined,
  policies: ['d/p'],
  names: new Set(['authorization']),
  ...change,
});

function request(target: string, fields: readonly Field[] = []): AgentRequest {
  const line = { method: 'POST', target, fields: [createField('Host', 'api.example.com'), ...fields] };
  const identified = identify(line, peer);
  if (isRefusal(identified)) throw new Error(identified.message);
  return identified;
}

function sent(asked: AgentRequest, ours: Injection | undefined) {
  const target = { hostname: peer.hostname, ip: undefined, port: 443, tls: true };
  const candidate: Candidate = { target, backend: undefined, translation: undefined, injection: ours };
  const { fields, target: path } = adapt(asked, candidate, { path: asked.path, isRead: false });
  return { path, names: fields.map(({ name }) => name) };
}

test.each([
  'Authorization',
  'X-Api-Key',
  'X_Api_Key',
  'x-API_key',
  'Api_Key',
  'apikey',
  'X-Goog-Api-Key',
  'Cookie',
  'X-Auth-Token',
  'Ocp-Apim-Subscription-Key',
  'Private-Token',
  'X-Amz-Security-Token',
])('S42, S56: %s of the agent goes where ours comes, and stays where none does', (name) => {
  const asked = request('/v1/x', [createField(name, 'mine'), createField('X-Other', '1')]);
  const field = name.toLowerCase();
  const ours = sent(asked, injection()).names.filter((each) => each === field);
  expect(ours).toHaveLength(field === 'authorization' ? 1 : 0);
  expect(sent(asked, injection()).names).toContain('x-other');
  expect(sent(asked, undefined).names).toContain(field);
  expect(isSmuggled(asked, injection())).toBe(true);
});

test.each([
  ['/v1/x?alt=sse&k%65y=mine&api_key=2', '/v1/x?alt=sse&key=a%20b%26c'],
  ['/v1/x?KEY=1&Access_Token=2&page=3', '/v1/x?page=3&key=a%20b%26c'],
  ['/v1/x?a=1;key=2&b=3', '/v1/x?b=3&key=a%20b%26c'],
  ['/v1/x?access.token=1&%20access_token=2&access_token[]=3&oauth_token=4&a=5', '/v1/x?a=5&key=a%20b%26c'],
  ['/v1/x', '/v1/x?key=a%20b%26c'],
])("S42: query parameters: ours replaces the agent's in %s", (target, expected) => {
  const ours = injection({ fields: [], names: new Set(), query: [['key', 'a b&c']] });
  expect(sent(request(target), ours).path).toBe(expected);
});

test.each([
  ['Bearer placeholder', false],
  ['placeholder', false],
  ['', false],
  ['Bearer sk-mine', true],
])('the documented placeholder is no smuggled credential: %s', (value, expected) => {
  expect(isSmuggled(request('/v1/x', [createField('Authorization', value)]), injection())).toBe(expected);
});

test('S37: an answer to a call with a secret comes whole and plain: ranges and codings are not asked for', () => {
  const asked = request('/v1/x', [
    createField('Range', 'bytes=3-'),
    createField('If-Range', '"x"'),
    createField('Accept-Encoding', 'gzip'),
  ]);
  expect(sent(asked, injection()).names).toEqual(['accept-encoding', 'authorization']);
  expect(sent(asked, undefined).names).toEqual(['range', 'if-range', 'accept-encoding']);
});

test('S33: what names another method, path or hop does not go, with underscores either', () => {
  const names = [
    'X-HTTP-Method-Override',
    'X_HTTP_Method_Override',
    'X_Original-URL',
    'X_Rewrite_URL',
    'x_clrk-a',
  ];
  const hops = ['Keep_Alive', 'Proxy_Authorization', 'Content_Length'];
  const fields = [...names, ...hops, 'X_Mine'].map((name) => createField(name, '1'));
  expect(sent(request('/v1/models', fields), undefined).names).toEqual(['x_mine']);
});

test('S37: what asks for an answer that cannot be searched does not go with a secret, however it is spelled', () => {
  const fields = ['Accept_Encoding', 'Range', 'If_Range'].map((name) => createField(name, 'gzip'));
  expect(sent(request('/v1/models', fields), injection()).names).toEqual([
    'accept-encoding',
    'authorization',
  ]);
});

test('S56: a key behind a semicolon of the query is told and does not go', () => {
  const asked = request('/v1/models?a=1;api_key=theirs&b=2');
  expect(isSmuggled(asked, injection())).toBe(true);
  expect(sent(asked, injection()).path).toBe('/v1/models?b=2');
});

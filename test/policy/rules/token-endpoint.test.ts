/** Tokens that cannot be asked for, or go to hosts they are not for. */
import { expect, test } from 'vitest';
import { documents, judge, object } from '../judge.ts';

const set = (host: string, how: string): string =>
  documents(
    object('EgressGateway', 'out', '{ listeners: [{ name: all, protocol: TCP }] }'),
    object(
      'EgressHTTPRoute',
      'r',
      `{ parentRefs: [{ name: out }], hostnames: [${host}], rules: [{ matches: [{ methods: [GET] }] }] }`,
    ),
    object(
      'CredentialInjectionPolicy',
      'key',
      `{ targetRefs: [{ kind: EgressHTTPRoute, name: r }], secretRef: { name: s }, ${how} }`,
    ),
  );
const gcp = (more = ''): string =>
  `target: ProviderAuth, providerAuth: { type: GCPServiceAccount${more === '' ? '' : `, ${more}`} }`;
const oauth2 = (url: string): string =>
  `target: OAuth2, oauth2: { grant: ClientCredentials, tokenURL: "${url}" }`;

test.each([
  ['Google’s token at Google', 'storage.googleapis.com', gcp(), []],
  ['Google’s token elsewhere', 'api.example.com', gcp(), ['goes to "api.example.com"']],
  ['Google’s token at a look-alike', 'evilgoogleapis.com', gcp(), ['goes to "evilgoogleapis.com"']],
  ['a token of another endpoint', 'api.example.com', gcp('tokenURL: "https://sts.example.com/t"'), []],
  ['a client of a named server', 'api.example.com', oauth2('https://login.example.com/t'), []],
  ['a server by its address', 'api.example.com', oauth2('https://10.0.0.1/t'), ['no https:// URL of a named host']],
  ['a port that is none', 'api.example.com', oauth2('https://a.example.com:99999/t'), ['no https:// URL']],
])('%s', (_, host, how, expected) => {
  const told = judge(set(host, how)).filter(({ rule }) => rule === 'token-endpoint-unfit');
  expect(told).toHaveLength(expected.length);
  for (const [index, text] of expected.entries()) expect(told[index]?.message).toContain(text);
});

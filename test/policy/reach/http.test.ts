/** HTTP rules in a reviewer's words: rows, changes, and calls that leave a boundary. */
import { describe, expect, test } from 'vitest';
import { compileManifests } from '../../../operator/compile/index.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import {
  computeReach,
  diffReach,
  judgeWithin,
  parseBoundary,
  reachSentences,
} from '../../../policy/reach/index.ts';

const apiVersion = 'clrk.apoxy.dev/v1alpha1';
function object(kind: string, name: string, spec: object): KubeObject {
  return { apiVersion, kind, metadata: { namespace: 'team', name }, spec } as KubeObject;
}

const base = [
  object('TaskAgent', 'triage', { workerPoolRef: 'p', egressRefs: [{ gatewayRef: 'g' }] }),
  object('EgressGateway', 'g', { listeners: [{ name: 'tls', protocol: 'HTTPS' }] }),
];
const web = (matches: object[], more: object = {}, name = 'web') =>
  object('EgressHTTPRoute', name, {
    parentRefs: [{ name: 'g' }],
    hostnames: ['api.github.com'],
    rules: [{ matches }],
    ...more,
  });
const read = { methods: ['GET'], path: { type: 'Template', value: '/repos/acme/**' } };
const write = {
  methods: ['POST'],
  path: { type: 'Exact', value: '/graphql' },
  contentTypes: ['application/json'],
};
const all = object('EgressL4Route', 'all', {
  parentRefs: [{ name: 'g' }],
  rules: [{ matches: [{ destinationHostnames: ['api.github.com'], ports: [{ port: 443 }] }] }],
});
const deny = object('EgressDenyPolicy', 'no', { targetRefs: [{ kind: 'EgressHTTPRoute', name: 'bans' }] });
const bans = web([{ methods: ['DELETE'] }], {}, 'bans');

const compiled = (objects: readonly KubeObject[]) => compileManifests([...base, ...objects], []);
const told = (objects: readonly KubeObject[]): string[] => reachSentences(computeReach(compiled(objects)));

describe('rows', () => {
  test('a host under HTTP rules', () => {
    expect(told([web([read, write])])).toEqual([
      'agent `triage` may reach `api.github.com:443` over HTTPS: for calls by `GET` at paths like `/repos/acme/**` or calls by `POST` at path `/graphql` with bodies of `application/json`',
    ]);
  });

  test('beside an L4 route each call is in one row', () => {
    expect(told([web([read]), all])).toEqual([
      'agent `triage` may reach `api.github.com:443` over HTTPS: for calls by `GET` at paths like `/repos/acme/**`',
      'agent `triage` may reach `api.github.com:443` over HTTPS: but not what an earlier rule takes: calls by `GET` at paths like `/repos/acme/**`',
    ]);
  });

  test('beside an L4 route a method in small letters is taken by no rule', () => {
    expect(told([web([{ methods: ['*'], webSocket: true }]), all])).toEqual([
      'agent `triage` may reach `api.github.com:443` over HTTPS: for calls by every method and as WebSocket',
      'agent `triage` may reach `api.github.com:443` over HTTPS: but not what an earlier rule takes: calls by every method and as WebSocket',
    ]);
  });

  test('what is denied is taken out, and a denied route opens nothing', () => {
    expect(told([bans, deny])).toEqual(['agent `triage` may reach nothing']);
    expect(told([all, bans, deny])).toEqual([
      'agent `triage` may reach `api.github.com:443` over HTTPS: but not, by policy `team/no`: calls by `DELETE`',
    ]);
  });
});

describe('changes', () => {
  const changes = (before: readonly KubeObject[], after: readonly KubeObject[]): string[] =>
    diffReach(compiled(before), compiled(after)).map(
      ({ direction, sentence }) => `${direction}: ${sentence}`,
    );

  test('a rule more, a rule less, and no rule but other words for it', () => {
    expect(changes([web([read])], [web([read, write])])).toEqual([
      'added: agent `triage` may make more calls to `api.github.com:443`: calls by `POST` at path `/graphql` with bodies of `application/json`; for example `POST /graphql`',
    ]);
    expect(changes([web([read, write])], [web([read])])).toEqual([
      'removed: agent `triage` may make fewer calls to `api.github.com:443`: no longer calls by `POST` at path `/graphql` with bodies of `application/json`; for example `POST /graphql`',
    ]);
    const prefix = { ...read, path: { type: 'RegularExpression', value: '/repos/acme/.+' } };
    expect(changes([web([read])], [web([prefix])])).toEqual([]);
  });

  test('a person who is no longer asked is a widening, one who is asked now another way', () => {
    const rules = [{ matches: [write], approval: 'Required' }, { matches: [read] }];
    const asking = web([], { rules });
    const free = web([write, read]);
    expect(changes([asking], [free])).toEqual([
      "added: agent `triage` may make calls without a person's approval to `api.github.com:443`: calls by `POST` at path `/graphql` with bodies of `application/json`; for example `POST /graphql`",
    ]);
    expect(changes([free], [asking])).toEqual([
      expect.stringContaining(
        "goes another way to `api.github.com:443`: now with a person's approval",
      ) as string,
    ]);
  });

  test('a body may be longer', () => {
    const [short, long] = [10, 20].map((maxBodyBytes) => web([{ ...write, maxBodyBytes }]));
    expect(changes([short!], [long!])[0]).toContain('may make more calls to');
  });
});

describe('a boundary', () => {
  const within = (objects: readonly KubeObject[], row: object): string => {
    const verdict = judgeWithin(
      compiled(objects),
      parseBoundary(JSON.stringify({ version: 1, rows: [row] })),
    );
    return verdict.kind === 'outside' ? verdict.counterexample.sentence : verdict.kind;
  };
  test('holds what is in it', () => {
    expect(within([web([read])], { methods: ['GET'], endpoints: ['/repos/acme/*'] })).toBe('contained');
  });

  test('or names a call that leaves it', () => {
    expect(within([web([read, { ...read, methods: ['DELETE'] }])], { methods: ['GET'] })).toMatch(
      /can reach `api.github.com:443` over HTTPS: `DELETE \/repos\/acme\/.`$/,
    );
    expect(within([web([read])], { methods: ['GET'], endpoints: ['/repos/acme/web/*'] })).toContain(
      'GET /repos/acme/',
    );
  });
});

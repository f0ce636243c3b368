/** What a change of manifests is told as: one row a change, in the words a reviewer reads. */
import { describe, expect, test } from 'vitest';
import { compileManifests } from '../../../operator/compile/index.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { computeReach, diffReach, reachSentences } from '../../../policy/reach/index.ts';

const apiVersion = 'clrk.apoxy.dev/v1alpha1';

function object(kind: string, name: string, spec: object): KubeObject {
  return { apiVersion, kind, metadata: { namespace: 'default', name }, spec } as KubeObject;
}

const agent = (name = 'triage', gateways = ['g']) =>
  object('TaskAgent', name, {
    workerPoolRef: 'p',
    egressRefs: gateways.map((gatewayRef) => ({ gatewayRef })),
  });
const gateway = (part: object = {}, name = 'g') =>
  object('EgressGateway', name, { listeners: [{ name: 'tls', protocol: 'HTTPS' }], ...part });
const l4 = (match: object, name = 'web', rest: object = {}) =>
  object('EgressL4Route', name, { parentRefs: [{ name: 'g' }], rules: [{ matches: [match], ...rest }] });
const stripe = l4({ destinationHostnames: ['api.stripe.com'], ports: [{ port: 443 }] });
const llm = (rule: object) =>
  object('AIProviderRoute', 'llm', { parentRefs: [{ name: 'g' }], rules: [rule].flat() });
const onOpenai = (...models: string[]) => ({ provider: 'openai', models });
const openai = (part: object = {}, rest: object = {}) =>
  llm({ matches: [{ provider: 'openai', ...part }], ...rest });
const budget = (tokenBudget: object) => ({ filters: [{ type: 'TokenBudget', tokenBudget }] });
const key = (kind: string, name: string, policy = 'live') =>
  object('CredentialInjectionPolicy', policy, {
    targetRefs: [{ kind, name }],
    secretRef: { name: 's' },
    target: 'Header',
    headerName: 'Authorization',
  });
const mcp = (rule: object, more: object = {}) =>
  object('MCPRoute', 'mcp', {
    parentRefs: [{ name: 'g' }],
    hostnames: ['mcp.example.com'],
    rules: [rule],
    ...more,
  });
const backend = object('Backend', 'b', {
  type: 'Upstream',
  schema: { name: 'openai' },
  upstream: { host: 'llm.example.com', port: 443 },
});
const spare = object('Backend', 'spare', {
  schema: { name: 'openai' },
  upstream: { host: 'spare.example.com' },
});
const inTurn = (...names: string[]) => ({ backendRefs: names.map((name) => ({ name })) });
const fallback = object('FallbackRoutingPolicy', 'f', {
  targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'llm' }],
});
const bans = object('AIProviderRoute', 'bans', {
  parentRefs: [{ name: 'g' }],
  rules: [{ matches: [{ provider: 'custom', models: ['o1'] }] }],
});
const bansOpenai = (model: string) =>
  object('AIProviderRoute', 'bans', { parentRefs: [{ name: 'g' }], rules: [{ matches: [onOpenai(model)] }] });
const withSpec = (from: KubeObject, change: object) =>
  ({ ...from, spec: { ...(from as unknown as { spec: object }).spec, ...change } }) as KubeObject;
const tools = (toolPolicy: object) => mcp({ matches: [{}], filters: [{ type: 'ToolPolicy', toolPolicy }] });
const renaming = (to: string) => withSpec(backend, { modelRewrites: [{ from: '*', to }] });
const deny = (kind: string, name: string) =>
  object('EgressDenyPolicy', 'no', { targetRefs: [{ group: 'clrk.apoxy.dev', kind, name }] });
const base = [agent(), gateway()];

function sentences(before: readonly KubeObject[], after: readonly KubeObject[]): string[] {
  const [old, now] = [before, after].map((objects) => compileManifests(objects, []));
  return diffReach(old!, now!).map(
    ({ direction, sentence }) => `${{ added: '+', removed: '-', changed: '~' }[direction]} ${sentence}`,
  );
}

describe('a change of manifests in sentences', () => {
  test.each<[string, KubeObject[], KubeObject[], string[]]>([
    [
      'a host with a credential',
      base,
      [...base, stripe, key('EgressGateway', 'g')],
      [
        '+ agent `triage` may now reach `api.stripe.com:443`: with credential `default/s/token` in header `authorization` by policy `default/live`',
      ],
    ],
    ['a host gone', [...base, stripe], base, ['- agent `triage` may no longer reach `api.stripe.com:443`']],
    [
      'a new credential on an old destination',
      [...base, stripe],
      [...base, stripe, key('EgressGateway', 'g')],
      [
        '~ agent `triage` goes another way to `api.stripe.com:443`: now with credential `default/s/token` in header `authorization`',
      ],
    ],
    [
      'widened models',
      [...base, openai({ models: ['gpt-4o'] })],
      [...base, openai({ models: ['gpt-4o', 'o1'] })],
      [
        '+ agent `triage` may make more calls to `api.openai.com:443`: model `o1`; for example `GET /v1/models/o1`',
      ],
    ],
    [
      'a glob that takes less',
      [...base, openai({ models: ['gpt-*'] })],
      [...base, openai({ models: ['gpt-4*'] })],
      [
        '- agent `triage` may make fewer calls to `api.openai.com:443`: no longer some of model `gpt-*`; for example `GET /v1/models/gpt-`',
      ],
    ],
    [
      'widened endpoints',
      [...base, openai({ endpoints: ['/v1/chat/*'] })],
      [...base, openai({ endpoints: ['/v1/*'] })],
      [
        '+ agent `triage` may make more calls to `api.openai.com:443`: some of endpoint `/v1/*`; for example `GET /v1/`',
      ],
    ],
    [
      'a budget: what it cannot count is refused, and what it can goes within it',
      [...base, openai({ endpoints: ['/v1/chat/completions'] })],
      [...base, openai({ endpoints: ['/v1/chat/completions'] }, budget({ maxTokensPerDay: 1000 }))],
      [
        '- agent `triage` may make fewer calls to `api.openai.com:443`: no longer some of endpoint `/v1/chat/completions`; for example `POST /v1/chat/completions`',
        '~ agent `triage` goes another way to `api.openai.com:443`: now within 1000 tokens a UTC day of budget `rule/default/llm/0/0`, for some of endpoint `/v1/chat/completions`; for example `POST /v1/chat/completions` with model `m`',
      ],
    ],
    [
      'Backends that are tried in turn, in place of by weight',
      [...base, backend, spare, openai({}, inTurn('b', 'spare'))],
      [...base, backend, spare, openai({}, inTurn('b', 'spare')), fallback],
      [
        '~ agent `triage` goes another way to `api.openai.com:443`: now sent to `llm.example.com:443`, as number 1 of 2 in turn; no longer sent to `llm.example.com:443`, for 1 of 2 invocations, sent to `spare.example.com:443`, for 1 of 2 invocations, for some of every call; for example `GET /`',
        '~ agent `triage` goes another way to `api.openai.com:443`: now sent to `llm.example.com:443`, as number 1 of 2 in turn, sent to `spare.example.com:443`, as number 2 of 2 in turn; no longer sent to `llm.example.com:443`, for 1 of 2 invocations, sent to `spare.example.com:443`, for 1 of 2 invocations, for some of every call; for example `GET /v1/models/a`',
        // Who asks for a Backend by its host asks for the route's order too.
        '~ agent `triage` goes another way to `llm.example.com:443`, `spare.example.com:443`: now sent to `llm.example.com:443`, as number 1 of 2 in turn, for some of every call; for example `GET /`',
        '~ agent `triage` goes another way to `llm.example.com:443`, `spare.example.com:443`: now sent to `llm.example.com:443`, as number 1 of 2 in turn, sent to `spare.example.com:443`, as number 2 of 2 in turn, for some of every call; for example `GET /v1/models/a`',
      ],
    ],
    [
      'another order of them',
      [...base, backend, spare, openai({ models: ['gpt-4'] }, inTurn('b', 'spare')), fallback],
      [...base, backend, spare, openai({ models: ['gpt-4'] }, inTurn('spare', 'b')), fallback],
      [
        '~ agent `triage` goes another way to `api.openai.com:443`, `llm.example.com:443`, `spare.example.com:443`: now sent to `spare.example.com:443`, as number 1 of 2 in turn, sent to `llm.example.com:443`, as number 2 of 2 in turn; no longer sent to `llm.example.com:443`, as number 1 of 2 in turn, sent to `spare.example.com:443`, as number 2 of 2 in turn, for model `gpt-4`; for example `GET /v1/models/gpt-4`',
        '~ agent `triage` goes another way to `api.openai.com:443`, `llm.example.com:443`, `spare.example.com:443`: now sent to `spare.example.com:443`, as number 1 of 2 in turn; no longer sent to `llm.example.com:443`, as number 1 of 2 in turn, for some of model `gpt-4`; for example `WebSocket /v1/responses`',
      ],
    ],
    [
      'other weights',
      [...base, backend, spare, openai({ models: ['gpt-4'] }, inTurn('b', 'spare'))],
      [
        ...base,
        backend,
        spare,
        openai({ models: ['gpt-4'] }, { backendRefs: [{ name: 'b', weight: 3 }, { name: 'spare' }] }),
      ],
      [
        '~ agent `triage` goes another way to `api.openai.com:443`: now sent to `llm.example.com:443`, for 3 of 4 invocations, sent to `spare.example.com:443`, for 1 of 4 invocations; no longer sent to `llm.example.com:443`, for 1 of 2 invocations, sent to `spare.example.com:443`, for 1 of 2 invocations',
      ],
    ],
    [
      'a name pinned to an address inside',
      [...base, stripe],
      [
        agent(),
        gateway({ upstreamTLS: { hostAliases: [{ ip: '10.0.0.5', hostnames: ['api.stripe.com'] }] } }),
        stripe,
      ],
      ['~ agent `triage` goes another way to `api.stripe.com:443`: now at the pinned address `10.0.0.5`'],
    ],
    [
      'inspection lost',
      [...base, stripe],
      [agent(), gateway({ listeners: [{ name: 'tls', protocol: 'TLS' }] }), stripe],
      [
        '- agent `triage` may no longer reach `api.stripe.com:443`',
        '+ agent `triage` may now reach `api.stripe.com:443` over TLS',
      ],
    ],
    [
      'an MCP server and its tools',
      base,
      [...base, mcp({ matches: [{ tools: ['search_*'] }] })],
      [
        '+ agent `triage` may now reach `mcp.example.com:443`: as MCP; messages about tools `search_*`; and what sessions need',
      ],
    ],
    [
      'other MCP tools',
      [...base, mcp({ matches: [{ tools: ['search_*'] }] })],
      [...base, mcp({ matches: [{ tools: ['search_*', 'delete_*'] }] })],
      [
        '+ agent `triage` may use more tools at `mcp.example.com:443`: for example tool `delete_`; now: as MCP; messages about tools `search_*`, `delete_*`; and what sessions need; before: as MCP; messages about tools `search_*`; and what sessions need',
      ],
    ],
    [
      'an MCPRoute that sends to a Backend',
      [...base, backend, mcp({})],
      [...base, backend, mcp(inTurn('b'))],
      ['~ agent `triage` goes another way to `mcp.example.com:443`: now sent to `llm.example.com:443`'],
    ],
    [
      'a Backend at which an EgressL4Route dials',
      [...base, backend, stripe],
      [
        ...base,
        backend,
        l4({ destinationHostnames: ['api.stripe.com'], ports: [{ port: 443 }] }, 'web', inTurn('b')),
      ],
      ['~ agent `triage` goes another way to `api.stripe.com:443`: now dialled at `llm.example.com:443`'],
    ],
    [
      'the same place by a Backend of another name',
      [...base, backend, { ...backend, metadata: { ...backend.metadata, name: 'c' } }, mcp(inTurn('b'))],
      [...base, backend, { ...backend, metadata: { ...backend.metadata, name: 'c' } }, mcp(inTurn('c'))],
      [],
    ],
    [
      'an EgressDenyPolicy on a route',
      [...base, stripe],
      [...base, stripe, deny('EgressL4Route', 'web')],
      ['- agent `triage` may no longer reach `api.stripe.com:443`'],
    ],
    [
      'an EgressDenyPolicy that concerns a Backend',
      [...base, backend, bans, openai({}, { backendRefs: [{ name: 'b' }] })],
      [...base, backend, bans, openai({}, { backendRefs: [{ name: 'b' }] }), deny('AIProviderRoute', 'bans')],
      [
        '- agent `triage` is now denied at `api.openai.com:443`: model `o1`; for example `POST /`',
        // The Backend's own host is open too.
        '- agent `triage` is now denied at `llm.example.com:443`: model `o1`; for example `POST /`',
      ],
    ],
    [
      'a denial of a model lifted',
      [...base, openai(), bansOpenai('gpt-5*'), deny('AIProviderRoute', 'bans')],
      [...base, openai()],
      ['+ agent `triage` is no longer denied at `api.openai.com:443`: model `gpt-5*`; for example `POST /`'],
    ],
    [
      'a denial of a model added',
      [...base, openai()],
      [...base, openai(), bansOpenai('gpt-5*'), deny('AIProviderRoute', 'bans')],
      ['- agent `triage` is now denied at `api.openai.com:443`: model `gpt-5*`; for example `POST /`'],
    ],
    [
      'a denial narrowed',
      [...base, openai(), bansOpenai('gpt-*'), deny('AIProviderRoute', 'bans')],
      [...base, openai(), bansOpenai('gpt-5'), deny('AIProviderRoute', 'bans')],
      [
        '+ agent `triage` is no longer denied at `api.openai.com:443`: model `gpt-*`; for example `GET /v1/models/gpt-`',
      ],
    ],
    [
      'another Secret under the same policy',
      [...base, openai(), key('AIProviderRoute', 'llm')],
      [...base, openai(), withSpec(key('AIProviderRoute', 'llm'), { secretRef: { name: 'admin' } })],
      [
        '~ agent `triage` goes another way to `api.openai.com:443`: now with credential `default/admin/token` in header `authorization`; no longer with credential `default/s/token` in header `authorization`',
      ],
    ],
    [
      'another header and key of the same Secret',
      [...base, openai(), key('AIProviderRoute', 'llm')],
      [
        ...base,
        openai(),
        withSpec(key('AIProviderRoute', 'llm'), { headerName: 'x-api-key', secretKey: 'admin' }),
      ],
      [
        '~ agent `triage` goes another way to `api.openai.com:443`: now with credential `default/s/admin` in header `x-api-key`; no longer with credential `default/s/token` in header `authorization`',
      ],
    ],
    [
      'a credential on an MCP server',
      [...base, mcp({ matches: [{}] })],
      [...base, mcp({ matches: [{}] }), key('MCPRoute', 'mcp')],
      [
        '~ agent `triage` goes another way to `mcp.example.com:443`: now with credential `default/s/token` in header `authorization`',
      ],
    ],
    [
      'a tool no longer allowed',
      [...base, tools({ allowedTools: ['a', 'b'] })],
      [...base, tools({ allowedTools: ['a'] })],
      [
        '- agent `triage` may use fewer tools at `mcp.example.com:443`: for example tool `b`; before: as MCP; messages about anything (only tools `a`, `b`); and what sessions need; now: as MCP; messages about anything (only tools `a`); and what sessions need',
      ],
    ],
    [
      'what an MCP server may not ask',
      [...base, mcp({ matches: [{}] })],
      [...base, mcp({ matches: [{}] }, { deniedServerRequests: ['Sampling'] })],
      [
        '~ agent `triage` goes another way to `mcp.example.com:443`: now but no requests of its servers for `Sampling`',
      ],
    ],
    [
      'a denied tool allowed',
      [...base, tools({ deniedTools: ['delete_*'] })],
      [...base, tools({ allowedTools: ['*'] })],
      [
        '+ agent `triage` may use more tools at `mcp.example.com:443`: for example tool `delete_`; now: as MCP; messages about anything (only tools `*`); and what sessions need; before: as MCP; messages about anything (not tools `delete_*`); and what sessions need',
      ],
    ],
    [
      'a Backend that renames to another model',
      [...base, renaming('mini'), openai({}, { backendRefs: [{ name: 'b' }] })],
      [...base, renaming('gpt-5-pro'), openai({}, { backendRefs: [{ name: 'b' }] })],
      [
        // A model in the path cannot be renamed, so it passes only if it has the new name already.
        '+ agent `triage` may make more calls to `api.openai.com:443`, `llm.example.com:443`: some of every call; for example `GET /v1/models/gpt-5-pro`',
        '- agent `triage` may make fewer calls to `api.openai.com:443`, `llm.example.com:443`: no longer some of every call; for example `GET /v1/models/mini`',
        '~ agent `triage` goes another way to `api.openai.com:443`, `llm.example.com:443`: now as model `gpt-5-pro`; no longer as model `mini`, for some of every call; for example `POST /v1/responses` with model `a`',
      ],
    ],
    [
      'a rule that hid another gone, and a key under another name',
      [
        ...base,
        backend,
        llm([{ matches: [onOpenai('secret-*')], backendRefs: [{ name: 'b' }] }, { matches: [onOpenai()] }]),
        key('AIProviderRoute', 'llm', 'k1'),
      ],
      [
        ...base,
        backend,
        llm([{ matches: [onOpenai('unused-*')], backendRefs: [{ name: 'b' }] }, { matches: [onOpenai()] }]),
        key('AIProviderRoute', 'llm', 'k2'),
      ],
      [
        '~ agent `triage` goes another way to `api.openai.com:443`: no longer sent to `llm.example.com:443`, for some of every call; for example `GET /v1/models/secret-`',
        '~ agent `triage` goes another way to `api.openai.com:443`: now sent to `llm.example.com:443`, for model `unused-*`; for example `GET /v1/models/unused-`',
        '+ agent `triage` may make more calls to `llm.example.com:443`: model `unused-*`; for example `GET /v1/models/unused-`',
        '- agent `triage` may make fewer calls to `llm.example.com:443`: no longer model `secret-*`; for example `GET /v1/models/secret-`',
      ],
    ],
    [
      'a private range and its ports',
      base,
      [...base, l4({ destinationCIDRs: ['10.20.0.0/16'], ports: [{ startPort: 5432, endPort: 5433 }] })],
      ['+ agent `triage` may now reach `10.20.0.0/16` on port 5432-5433'],
    ],
  ])('%s', (_name, before, after, expected) => {
    expect(sentences(before, after)).toEqual(expected);
  });

  test.each<[string, KubeObject[], KubeObject[]]>([
    [
      'a route renamed',
      [...base, stripe],
      [...base, { ...stripe, metadata: { ...stripe.metadata, name: 'other' } }],
    ],
    [
      'a name a wildcard already opened',
      [...base, l4({ destinationHostnames: ['*.stripe.com'] })],
      [...base, l4({ destinationHostnames: ['*.stripe.com', 'api.stripe.com'] })],
    ],
    [
      'a gateway behind another name',
      [...base, stripe],
      [
        agent('triage', ['h']),
        gateway({}, 'h'),
        {
          ...stripe,
          spec: { ...(stripe as unknown as { spec: object }).spec, parentRefs: [{ name: 'h' }] },
        } as KubeObject,
      ],
    ],
    [
      'a port range cut in two',
      [...base, l4({ destinationHostnames: ['a.org'], ports: [{ startPort: 1, endPort: 9 }] })],
      [
        ...base,
        l4({
          destinationHostnames: ['a.org'],
          ports: [
            { startPort: 1, endPort: 4 },
            { startPort: 5, endPort: 9 },
          ],
        }),
      ],
    ],
    ['a metadata address', base, [...base, l4({ destinationCIDRs: ['169.254.169.254/32', '127.0.0.0/8'] })]],
  ])('%s is no change', (_name, before, after) => {
    expect(sentences(before, after)).toEqual([]);
  });
});

test('a denial is seen where rules open its endpoint with a slash at the end alone', () => {
  const open = openai({ endpoints: ['/v1/*/'] });
  const closed = object('AIProviderRoute', 'bans', {
    parentRefs: [{ name: 'g' }],
    rules: [{ matches: [{ provider: 'openai', endpoints: ['/v1/files'] }] }],
  });
  const told = sentences([...base, open], [...base, open, closed, deny('AIProviderRoute', 'bans')]);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain('is now denied at `api.openai.com:443`: endpoint `/v1/files`');
  expect(told[0]).toContain('/v1/files/`');
});

test('an allow-all gateway is shown as what it is', () => {
  const documents = compileManifests([agent(), gateway({ defaultPolicy: 'allow-all' })], ['203.0.113.0/24']);
  // Paths to providers' hosts are judged, so these are told apart.
  const [atProviders, sentence, ...more] = reachSentences(computeReach(documents));
  expect(more).toEqual([]);
  expect(atProviders).toContain('with a plain path');
  expect(sentence).toContain('every name');
  expect(sentence).toContain('every address (except');
  for (const closed of ['10.0.0.0/8', '169.254.0.0/16', '127.0.0.0/8', '203.0.113.0/24', 'fc00::/7'])
    expect(sentence).toContain(closed);
});

const mails = (...argumentRules: object[]) => [...[agent(), gateway({})], tools({ argumentRules })];
const ours = { tools: ['send_mail'], expression: 'arguments.to.endsWith("@example.com")' };
const short = { action: 'Deny', expression: 'size(arguments.text) > 99' };

test.each<[string, object[], object[], RegExp[]]>([
  ['a rule that goes', [ours], [], [/^\+ .*more arguments .*tool `send_mail`.*; no longer under `Allow arg/]],
  [
    'a rule that comes',
    [],
    [ours],
    [/^- .*fewer arguments .*tool `send_mail`.*; now under `Allow arguments/],
  ],
  [
    'another expression may be a wider one',
    [ours],
    [{ ...ours, expression: 'arguments.to.endsWith("example.com")' }],
    [/^\+ .*no longer under `Allow .*@example/, /^- .*now under `Allow .*"example/],
  ],
  [
    'the other action',
    [short],
    [{ ...short, action: 'Allow' }],
    [/^\+ .*no longer under `Deny/, /^- .*`Allow/],
  ],
  ['fewer tools under it', [short], [{ ...short, tools: ['send_*'] }], [/^\+ .*no longer under `Deny/]],
  ['the order of rules', [ours, short], [short, ours], []],
  ['a rule that cannot be read', [ours], [{ ...ours, expression: 'arguments.to' }], [/^- .*fewer tools/]],
])('rules over arguments: %s', (_title, before, after, expected) => {
  const told = sentences(mails(...before), mails(...after));
  expect(told).toEqual(expected.map((each) => expect.stringMatching(each) as string));
});

test('rules over arguments are in the sentences', () => {
  const [told] = reachSentences(computeReach(compileManifests(mails(ours, short), [])));
  expect(told).toContain(
    'only with arguments where `arguments.to.endsWith("@example.com")` for tools `send_mail`, not with arguments where `size(arguments.text) > 99` for every tool',
  );
});

test('to audit is to open every public destination, and shown as that', () => {
  const audits = gateway({ enforcement: 'Audit' });
  const all = reachSentences(computeReach(compileManifests([agent(), audits], [])));
  expect(all.every((sentence) => sentence.includes('by audit alone'))).toBe(true);
  expect(all.join()).toContain('every name');
  const told = sentences([agent(), gateway({})], [agent(), audits]);
  expect(told.length).toBeGreaterThan(0);
  expect(told.join()).toContain('every name');
});

test('a gateway that asks about what no route opens: every public destination, with a person’s approval', () => {
  const asks = gateway({ onUnlisted: 'Ask' });
  const all = reachSentences(computeReach(compileManifests([agent(), asks], [])));
  expect(all.length).toBeGreaterThan(0);
  expect(all.filter((sentence) => !sentence.includes("with a person's approval"))).toEqual([]);
  expect(all.join()).not.toMatch(/TCP|credential/);
  const told = sentences([agent(), gateway({})], [agent(), asks]);
  expect(told.length).toBeGreaterThan(0);
  expect(told.filter((sentence) => !sentence.startsWith('+'))).toEqual([]);
  // No longer to ask is to open, never less.
  const opened = sentences([agent(), asks], [agent(), gateway({ enforcement: 'Audit' })]);
  expect(opened.join()).toContain("without a person's approval");
});

test('an agent without a gateway, or with one that is not there, reaches nothing', () => {
  const documents = compileManifests([agent('alone', []), agent('lost', ['nowhere'])], []);
  expect(reachSentences(computeReach(documents))).toEqual([
    'agent `alone` may reach nothing',
    'agent `lost` may reach nothing',
    'agent `lost` names the gateway `default/nowhere`, which is not in these manifests',
  ]);
});

test('no Secret of the manifests is read', () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'default', name: 's' },
    data: { token: Buffer.from('sk-real-key').toString('base64') },
  };
  const documents = compileManifests([...base, openai(), key('AIProviderRoute', 'llm'), secret], []);
  expect(JSON.stringify(documents)).not.toContain('sk-real-key');
  expect(documents.gateways[0]?.credentials[0]?.inject.type).toBe('Header');
});

/** The kinds around a route, converging on a real API server: statuses, conflicts, and what reaches the gateway's config. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  configSecretKey,
  gatewayConfigSchema,
  parseConfig,
  type GatewayConfig,
} from '../../contract/index.ts';
import { kinds, type Secret } from '../../operator/kind.ts';
import type { ApiClient, Condition, KubeObject, Resource } from '../../operator/runtime/index.ts';
import { ControlPlane, eventually } from './control-plane.ts';
import { gateway, l4Route, manifest, pool, providerRoute } from './manifest.ts';
import { FakeDataPlanes, RunningOperator } from './running-operator.ts';

interface Statused {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly ancestors?: ReadonlyArray<{
      readonly ancestorRef: { readonly name: string };
      readonly conditions: readonly Condition[];
    }>;
  };
}

let plane: ControlPlane;
let api: ApiClient;
let operator: RunningOperator | undefined;

const kindOf: Readonly<Record<string, Resource>> = Object.fromEntries(
  Object.values(kinds).map((kind) => [kind.kind, kind as Resource]),
);

async function apply(object: KubeObject): Promise<void> {
  const resource = kindOf[object.kind ?? ''];
  if (resource === undefined) throw new Error(`unknown kind ${object.kind ?? ''}`);
  await api.apply(resource, object, { fieldManager: 'test' });
}

const ref = (kind: string, name: string): object => ({ group: 'clrk.apoxy.dev', kind, name });
const mcpRoute = manifest('MCPRoute', 'tools', {
  parentRefs: [{ name: 'g' }],
  hostnames: ['MCP.example.com'],
  deniedServerRequests: ['Sampling'],
  rules: [
    {
      filters: [
        { type: 'ToolPolicy', toolPolicy: { deniedTools: ['rm'] } },
        { type: 'ExtensionRef', extensionRef: ref('LoggingPolicy', 'quiet') },
        { type: 'ExtensionRef', extensionRef: ref('RateLimitPolicy', 'slow') },
      ],
    },
  ],
});
const others = [
  manifest('LoggingPolicy', 'quiet', { captureRequest: false, redactHeaders: ['X-Customer'] }),
  manifest('RateLimitPolicy', 'slow', { requests: 1, window: '1m' }),
  manifest('FallbackRoutingPolicy', 'order', { targetRefs: [ref('AIProviderRoute', 'openai')] }),
  manifest('EgressDenyPolicy', 'first', {
    targetRefs: [ref('AIProviderRoute', 'openai'), ref('EgressL4Route', 'db')],
    denyResponse: { statusCode: 451, message: 'no' },
  }),
  manifest('EgressDenyPolicy', 'nowhere', { targetRefs: [ref('MCPRoute', 'gone')] }),
  manifest('EgressHTTPRoute', 'web', {
    parentRefs: [{ name: 'g' }],
    hostnames: ['API.example.com'],
    rules: [
      {
        matches: [
          {
            methods: ['GET'],
            path: { type: 'Template', value: '/repos/{owner}/**' },
            headers: [{ name: 'X-Version', values: ['1'] }],
          },
        ],
        filters: [{ type: 'ExtensionRef', extensionRef: ref('LoggingPolicy', 'quiet') }],
      },
    ],
  }),
  manifest('EgressHTTPRoute', 'shut', {
    parentRefs: [{ name: 'g' }],
    hostnames: ['api.example.com'],
    rules: [{ matches: [{ methods: ['DELETE'] }] }],
  }),
  manifest('EgressHTTPRoute', 'huge', {
    parentRefs: [{ name: 'g' }],
    hostnames: ['huge.example.com'],
    // RE2 takes it; what gateways run is bounded.
    rules: [
      { matches: [{ methods: ['GET'], path: { type: 'RegularExpression', value: '/(a?b?c?d?){200}' } }] },
    ],
  }),
  manifest('EgressDenyPolicy', 'no-delete', { targetRefs: [ref('EgressHTTPRoute', 'shut')] }),
  manifest('DaemonAgent', 'loop', { template: { spec: { image: 'a:1' } }, workerPoolRef: 'p' }),
  manifest('CLRKConfig', 'default', {}),
];

const dataPlanes = new FakeDataPlanes();

beforeAll(async () => {
  plane = await ControlPlane.start();
  api = plane.client();
  const system = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'clrk-system' } };
  await apply(system);
  operator = new RunningOperator(plane.client(), dataPlanes);
  const own = manifest('CLRKConfig', 'default', {});
  const singleton = { ...own, metadata: { ...own.metadata, namespace: 'clrk-system' } } as KubeObject;
  for (const object of [pool, gateway, providerRoute, l4Route, mcpRoute, ...others, singleton]) {
    await apply(object);
  }
}, 180_000);

afterAll(async () => {
  await operator?.stop();
  await plane?.stop();
}, 60_000);

async function conditions(
  kind: Resource,
  name: string,
  namespace = 'default',
): Promise<readonly Condition[]> {
  const object = (await api.get(kind, { namespace, name })) as Statused | undefined;
  expect(object?.status?.observedGeneration).toBe((object as KubeObject).metadata?.generation);
  return object?.status?.conditions ?? [];
}

async function remove(kind: Resource, name: string): Promise<void> {
  const path = { namespace: 'default', name };
  const object = await api.get(kind, path);
  await api.delete(kind, path, object?.metadata?.uid ?? '');
}

/** `type=status reason`, without those that are about time only. */
async function verdict(kind: Resource, name: string, namespace?: string): Promise<string[]> {
  const all = await conditions(kind, name, namespace);
  return all.map(({ type, status, reason }) => `${type}=${status} ${reason}`).sort();
}

test.each<[string, Resource, string, string, string[]]>([
  [
    'a route with policies',
    kinds.aiProviderRoute,
    'openai',
    'default',
    [
      'Ready=True Accepted',
      'clrk.apoxy.dev/EgressDenyPolicyAffected=True Affected',
      'clrk.apoxy.dev/FallbackRoutingPolicyAffected=True Affected',
    ],
  ],
  ['an MCPRoute', kinds.mcpRoute, 'tools', 'default', ['Ready=True Accepted']],
  ['an EgressHTTPRoute', kinds.egressHttpRoute, 'web', 'default', ['Ready=True Accepted']],
  [
    'an EgressHTTPRoute with a pattern too large to run',
    kinds.egressHttpRoute,
    'huge',
    'default',
    ['Ready=False UnsupportedValue', 'Reconciling=True UnsupportedValue'],
  ],
  [
    'an EgressHTTPRoute that is denied',
    kinds.egressHttpRoute,
    'shut',
    'default',
    ['Ready=True Accepted', 'clrk.apoxy.dev/EgressDenyPolicyAffected=True Affected'],
  ],
  [
    'a LoggingPolicy',
    kinds.loggingPolicy,
    'quiet',
    'default',
    ['Accepted=True Accepted', 'Ready=True Accepted'],
  ],
  [
    'a RateLimitPolicy',
    kinds.rateLimitPolicy,
    'slow',
    'default',
    ['Accepted=True Accepted', 'Ready=True Accepted'],
  ],
  ['a FallbackRoutingPolicy', kinds.fallbackRoutingPolicy, 'order', 'default', ['Ready=True Accepted']],
  ['an EgressDenyPolicy', kinds.egressDenyPolicy, 'first', 'default', ['Ready=True Accepted']],
  [
    'a policy without a target',
    kinds.egressDenyPolicy,
    'nowhere',
    'default',
    ['Ready=False TargetNotFound', 'Reconciling=True TargetNotFound'],
  ],
  [
    'a DaemonAgent',
    kinds.daemonAgent,
    'loop',
    'default',
    [
      'Accepted=True SpecValid',
      'EgressConfigured=True NoEgressRefs',
      'GatewayReady=True GatewayProgrammed',
      'Ready=False NoWorkersReady',
      'Reconciling=True NoWorkersReady',
      'RevisionReady=False NoWorkersReady',
      'WorkerPoolReady=True WorkerPoolFound',
    ],
  ],
  [
    'the CLRKConfig',
    kinds.clrkConfig,
    'default',
    'clrk-system',
    // There is no stream here of which anybody could say how full it is.
    ['Accepted=True Accepted', 'Ready=True Accepted', 'RecordsHaveRoom=Unknown NotKnown'],
  ],
  [
    'any other CLRKConfig',
    kinds.clrkConfig,
    'default',
    'default',
    ['Accepted=False NotTheSingleton', 'Ready=False NotTheSingleton', 'Stalled=True NotTheSingleton'],
  ],
])('%s says how it stands', async (_name, kind, name, namespace, expected) => {
  await eventually(async () => expect(await verdict(kind, name, namespace)).toEqual(expected), 60_000);
});

test('a DaemonAgent has the revision of its generation, and the one before goes', async () => {
  const revision = { namespace: 'default', name: 'loop-00001' };
  await eventually(async () => expect(await api.get(kinds.agentSandboxRevision, revision)).toBeDefined());
  await apply(manifest('DaemonAgent', 'loop', { template: { spec: { image: 'a:2' } }, workerPoolRef: 'p' }));
  await eventually(async () => {
    const next = await api.get(kinds.agentSandboxRevision, { ...revision, name: 'loop-00002' });
    expect(next).toMatchObject({ spec: { image: 'a:2' } });
    expect(await api.get(kinds.agentSandboxRevision, revision)).toBeUndefined();
  }, 60_000);
});

test('of two policies at one target the older applies, and the other takes over when it goes', async () => {
  const late = manifest('EgressDenyPolicy', 'a-second', { targetRefs: [ref('AIProviderRoute', 'openai')] });
  // creationTimestamp has seconds; of one second the name decides, and this one would come first.
  const created = Date.parse(
    (await api.get(kinds.egressDenyPolicy, { namespace: 'default', name: 'first' }))?.metadata
      ?.creationTimestamp ?? '',
  );
  await eventually(async () => expect(await Promise.resolve(Date.now())).toBeGreaterThan(created + 1_000));
  await apply(late);
  const accepted = async (name: string): Promise<string[]> => {
    const policy = (await api.get(kinds.egressDenyPolicy, { namespace: 'default', name })) as
      Statused | undefined;
    return (policy?.status?.ancestors ?? []).map(
      (each) => `${each.ancestorRef.name} ${each.conditions.map(({ reason }) => reason).join()}`,
    );
  };
  await eventually(
    async () => expect(await accepted('a-second')).toEqual(['openai Conflicted,ResolvedRefs']),
    60_000,
  );
  expect(await accepted('first')).toEqual(['openai Accepted,ResolvedRefs', 'db Accepted']);
  expect(await verdict(kinds.egressDenyPolicy, 'a-second')).toEqual([
    'Ready=False Conflicted',
    'Stalled=True Conflicted',
  ]);
  await remove(kinds.egressDenyPolicy, 'first');
  await eventually(
    async () => expect(await accepted('a-second')).toEqual(['openai Accepted,ResolvedRefs']),
    60_000,
  );
  await apply(others[3] as KubeObject);
});

async function config(): Promise<GatewayConfig> {
  const secret = (await api.get(kinds.secret, { namespace: 'default', name: 'clrk-egress-config-g' })) as
    Secret | undefined;
  return parseConfig(gatewayConfigSchema, Buffer.from(secret?.data?.[configSecretKey] ?? '', 'base64'));
}

test('all of it is in the config of the gateway', async () => {
  await eventually(async () => {
    const { destinations, providerDenials, mcpRoutes } = await config();
    expect(destinations.rules.map(({ route }) => route)).toContain('MCPRoute/default/tools');
    expect(destinations.denials).toMatchObject([
      { hostnames: ['db.example.com'], ports: [{ start: 5432, end: 5432 }], policy: 'default/first' },
    ]);
    expect(providerDenials).toMatchObject([
      { route: { name: 'openai' }, answer: { policy: { name: 'a-second' }, status: 403 } },
    ]);
    expect(mcpRoutes).toMatchObject([
      {
        hostnames: ['mcp.example.com'],
        deniedServerRequests: ['Sampling'],
        rules: [
          {
            toolPolicies: [{ deniedTools: ['rm'] }],
            unsupported: [],
            logging: { captureRequest: false, captureResponse: true, redactHeaders: ['x-customer'] },
            limits: [{ account: 'rate/default/slow', calls: 1, windowMs: 60_000, scope: 'PerAgent' }],
          },
        ],
      },
    ]);
  }, 60_000);
});

test('a RateLimitPolicy that changes is counted as it says now, in the place of its namespace', async () => {
  await apply(manifest('RateLimitPolicy', 'slow', { requests: 7, window: '1m' }));
  await eventually(async () => {
    expect((await config()).mcpRoutes?.[0]?.rules[0]?.limits).toMatchObject([{ calls: 7 }]);
  }, 60_000);
  expect([...dataPlanes.counting]).toEqual(['default']);
});

test('an EgressHTTPRoute opens its hosts on 443 for its calls; one that is denied opens nothing', async () => {
  await eventually(async () => {
    const { destinations, httpRoutes } = await config();
    const opened = destinations.rules.filter(({ hostnames }) => hostnames.includes('api.example.com'));
    expect(opened).toMatchObject([
      { route: 'EgressHTTPRoute/default/web', ports: [{ start: 443, end: 443 }] },
    ]);
    const byName = Object.fromEntries((httpRoutes ?? []).map((each) => [each.route.name, each]));
    expect(byName['web']).toMatchObject({
      rules: [
        {
          matches: [
            {
              methods: ['GET'],
              path: { type: 'Template', value: '/repos/{owner}/**' },
              headers: [{ name: 'x-version', values: ['1'] }],
              webSocket: false,
            },
          ],
          logging: { captureRequest: false },
        },
      ],
    });
    expect(byName['web']?.denial).toBeUndefined();
    expect(byName['shut']?.denial).toMatchObject({
      answer: { policy: { name: 'no-delete' }, status: 403 },
      at: [{ hostnames: ['api.example.com'], ports: [] }],
    });
  }, 60_000);
});

test('a policy that goes missing refuses its rule rather than let it pass', async () => {
  await remove(kinds.loggingPolicy, 'quiet');
  await eventually(async () => {
    const { mcpRoutes } = await config();
    expect(mcpRoutes?.[0]?.rules[0]?.unsupported).toEqual(['LoggingPolicy quiet does not exist in default']);
    expect(await verdict(kinds.mcpRoute, 'tools')).toContain('Ready=False UnsupportedValue');
  }, 60_000);
});

test('a denial whose Backend is missing holds everywhere, and its status says so until the Backend is there', async () => {
  const denied = manifest('AIProviderRoute', 'denied', {
    parentRefs: [{ name: 'g' }],
    rules: [{ matches: [{ provider: 'custom' }], backendRefs: [{ name: 'late' }] }],
  });
  await apply(denied);
  await apply(manifest('EgressDenyPolicy', 'of-late', { targetRefs: [ref('AIProviderRoute', 'denied')] }));
  const unresolved = async (): Promise<unknown> =>
    (await config()).providerDenials?.find(({ route }) => route.name === 'denied')?.rules[0]?.unresolved;
  await eventually(async () => {
    const [ready] = await conditions(kinds.egressDenyPolicy, 'of-late').then((all) =>
      all.filter(({ type }) => type === 'Ready'),
    );
    expect(ready).toMatchObject({ status: 'False', reason: 'BackendNotFound' });
    expect(ready?.message).toContain('denied on every host');
    expect(await unresolved()).toBe(true);
  }, 60_000);
  const late = { schema: { name: 'openai' }, type: 'Upstream', upstream: { host: 'late.example.com' } };
  await apply(manifest('Backend', 'late', late));
  await eventually(async () => {
    expect(await verdict(kinds.egressDenyPolicy, 'of-late')).toEqual(['Ready=True Accepted']);
    expect(await unresolved()).toBeUndefined();
  }, 60_000);
});

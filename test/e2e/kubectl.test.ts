/** Stock kubectl on the kubeconfig of `clrk dev`: what people and their tools see of the platform's objects. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { namespace, shellAgent } from './agents.ts';
import { DevPlatform } from './dev-platform.ts';

let platform: DevPlatform;

beforeAll(async () => {
  platform = await DevPlatform.open();
  await platform.agents(shellAgent('shown', 'cat'));
}, 300_000);

afterAll(() => platform[Symbol.asyncDispose]());

test('a call by invoke is recorded with the user who made it, whatever it says of itself', async () => {
  const place = `/apis/telemetry.clrk.apoxy.dev/v1alpha1/namespaces/${namespace}/taskagents/shown/invoke`;
  const body = join(mkdtempSync(join(tmpdir(), 'clrk-e2e-invoke-')), 'body.json');
  const asked = '{"asked":"by admin"}';
  writeFileSync(body, asked);
  const said = await platform.must('create', '--raw', place, '-f', body);
  rmSync(dirname(body), { recursive: true });
  // The agent gives back the event, which has the body as base64.
  expect(said).toContain(Buffer.from(asked).toString('base64'));
  const direct = await platform.call('shown', { body: 'x', headers: { 'x-clrk-user': 'root' } });
  await vi.waitFor(
    async () => {
      const all = await platform.invocations('shown');
      const ended = all.filter(({ status }) => status.phase === 'Succeeded');
      expect(ended.find(({ metadata }) => metadata.name === direct.id)?.spec.identity).not.toHaveProperty(
        'user',
      );
      expect(ended.find(({ spec }) => spec.trigger.type === 'CLI')?.spec).toMatchObject({
        trigger: { type: 'CLI', source: 'invoke' },
        identity: { user: 'clrk-admin' },
      });
    },
    { timeout: 30_000, interval: 200 },
  );
  expect(await platform.must('get', 'inv', '-o', 'wide')).toContain('clrk-admin (Kubernetes)');
});

interface Listed {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly namespace: string;
      readonly deletionTimestamp?: string;
    };
    readonly status?: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

test('get shows every object ready', async () => {
  const kinds = 'workerpools,taskagents,egressgateways,deployments,pods';
  const { items } = JSON.parse(await platform.must('get', kinds, '-A', '-o', 'json')) as Listed;
  const states = items
    .filter(({ metadata }) => metadata.namespace === 'clrk-system' || /^(default|shown)/.test(metadata.name))
    .map(({ kind, status }) => ({
      kind,
      ready: status?.conditions?.find(({ type }) => type === (kind === 'Deployment' ? 'Available' : 'Ready'))
        ?.status,
    }));
  expect(new Set(states.map(({ kind }) => kind))).toEqual(
    new Set(['WorkerPool', 'TaskAgent', 'EgressGateway', 'Deployment', 'Pod']),
  );
  expect(states.filter(({ ready }) => ready !== 'True')).toEqual([]);
  const table = await platform.must('get', kinds);
  expect(table).toMatch(/taskagent.clrk.apoxy.dev\/shown +True +AgentReady +default +shown-00001 +0 +0/);
});

test.each([
  'workerpool/default',
  'egressgateway/default',
  'taskagent/shown',
  'agentsandboxrevision/shown-00001',
  'aiproviderroute/gateway-openai',
  'credentialinjectionpolicy/gateway-openai-credential',
])('wait --for=condition=Ready works on %s', async (name) => {
  await platform.must('wait', '--for=condition=Ready', '--timeout=30s', name);
});

test('wait --for=condition=Ready works on a route and a backend of a person', async () => {
  await platform.apply(
    {
      apiVersion: 'clrk.apoxy.dev/v1alpha1',
      kind: 'EgressL4Route',
      metadata: { name: 'named', namespace: 'e2e' },
      spec: {
        parentRefs: [{ name: 'default' }],
        rules: [{ matches: [{ destinationHostnames: ['files.e2e.test'], ports: [{ port: 443 }] }] }],
      },
    } as never,
    {
      apiVersion: 'clrk.apoxy.dev/v1alpha1',
      kind: 'Backend',
      metadata: { name: 'other', namespace: 'e2e' },
      spec: { schema: { name: 'openai' }, upstream: { host: 'api.openai.com' } },
    } as never,
  );
  await platform.ready('egressl4route/named', 'backend/other');
});

test('explain reads well', async () => {
  const text = await platform.must('explain', 'taskagent.spec');
  expect(text).toContain('KIND:       TaskAgent');
  for (const field of ['template', 'workerPoolRef', 'egressRefs', 'timeout']) {
    expect(text).toMatch(new RegExp(`\\n  ${field}\t<.+>( -required-)?\\n    ${field} (is|are) `));
  }
  expect(text).not.toContain('<no description>');
});

test('deleting a TaskAgent removes its children', async () => {
  await platform.agents(shellAgent('doomed', 'cat'));
  const children = ['agentsandboxrevision/doomed-00001', 'service/clrk-doomed'];
  for (const child of children) await platform.must('get', child);
  await platform.must('delete', 'taskagent', 'doomed', '--wait=true', '--timeout=30s');
  await platform.must('wait', '--for=delete', '--timeout=60s', ...children);
  expect((await platform.call('doomed')).status).toBe(404);
});

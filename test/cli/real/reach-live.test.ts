/**
 * `clrk reach --live` on a real API server with the real operator: what replicas say they run against what the manifests say. The
 * replicas are the gateway's snapshot and the worker's policy, each over the config Secret that the operator wrote.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  configSecretKey,
  gatewayConfigSchema,
  parseConfig,
  poolConfigSchema,
} from '../../../contract/index.ts';
import { gatewayWord } from '../../../egress/gateway-word.ts';
import { createSnapshot } from '../../../egress/snapshot.ts';
import { createLeafIssuer } from '../../../egress/tls/leaf-issuer.ts';
import { kinds } from '../../../operator/kind.ts';
import type { ApiClient, KubeObject, Resource } from '../../../operator/runtime/index.ts';
import { PoolPolicy } from '../../../worker/pool-policy.ts';
import { ControlPlane, eventually } from '../../operator/control-plane.ts';
import { agent, gateway, l4Route, manifest, pool, providerRoute } from '../../operator/manifest.ts';
import { FakeDataPlanes, RunningOperator } from '../../operator/running-operator.ts';
import { runCommandLine } from '../command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-live-test-'));
const dist = join(folder, 'all.yaml');
const kubeconfig = join(folder, 'kubeconfig');
const kindOf: Readonly<Record<string, Resource>> = Object.fromEntries(
  Object.values(kinds).map((kind) => [kind.kind, kind as Resource]),
);
const key = manifest('CredentialInjectionPolicy', 'key', {
  targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'openai' }],
  secretRef: { name: 'openai' },
  target: 'Header',
  headerName: 'Authorization',
});
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'default', name: 'openai' },
  data: { token: Buffer.from('sk-real-key-0123456789').toString('base64') },
} as KubeObject;
const system = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'clrk-system' } } as KubeObject;
const git = [pool, gateway, agent(), providerRoute, l4Route, key];
const wide = manifest('EgressL4Route', 'byhand', {
  parentRefs: [{ name: 'g' }],
  rules: [{ matches: [{ destinationHostnames: ['paste.example.com'], ports: [{ port: 443 }] }] }],
});
const slowMs = 60_000;

let plane: ControlPlane;
let api: ApiClient;
let operator: RunningOperator | undefined;
const dataPlanes = new FakeDataPlanes();

async function apply(object: KubeObject): Promise<void> {
  await api.apply(kindOf[object.kind ?? ''] as Resource, object, { fieldManager: 'test' });
}

async function remove({ kind = '', metadata }: KubeObject): Promise<void> {
  const place = { namespace: 'default', name: metadata?.name ?? '' };
  const found = await api.get(kindOf[kind] as Resource, place);
  await api.delete(kindOf[kind] as Resource, place, found?.metadata?.uid ?? '');
}

function write(objects: readonly KubeObject[]): void {
  writeFileSync(dist, objects.map((object) => stringify(object)).join('---\n'));
}

async function live(...args: string[]) {
  return await runCommandLine(['--kubeconfig', kubeconfig, 'reach', dist, '--live', ...args]);
}

async function configOf(name: string): Promise<Buffer> {
  const found = (await api.get(kinds.secret, { namespace: 'default', name })) as {
    data?: Record<string, string>;
  };
  return Buffer.from(found?.data?.[configSecretKey] ?? '', 'base64');
}

/** One replica of each takes the config that is there now, and says so. */
async function follow(): Promise<void> {
  const config = parseConfig(gatewayConfigSchema, await configOf('clrk-egress-config-g'));
  const snapshot = createSnapshot(config, createLeafIssuer);
  const place = { namespace: 'default', gateway: 'g', pod: 'g-0', host: '127.0.0.1' };
  const word = gatewayWord({ ...place, draining: false, connections: 0, at: Date.now() }, snapshot);
  const policy = new PoolPolicy();
  policy.replace(parseConfig(poolConfigSchema, await configOf('clrk-pool-config-p')));
  const { digest: configDigest, policyDigest = '' } = policy;
  dataPlanes.gatewayWords = [word];
  dataPlanes.workerWords = [
    {
      ...{ version: 1, role: 'worker', namespace: 'default', pool: 'p', pod: 'p-0', address: '127.0.0.1:1' },
      ...{ configDigest, policyDigest, draining: false, inFlight: {}, capacity: 1, warm: {}, images: {} },
      at: Date.now(),
    },
  ];
  operator?.operator.statusChanged();
}

/** Until the replicas run it and the command says so. */
async function becomes(expected: { readonly code: number; readonly text: string | RegExp }): Promise<string> {
  return await eventually(async () => {
    await follow();
    const { code, stdout, stderr } = await live();
    expect({ code, text: stdout + stderr }).toEqual({
      code: expected.code,
      text: expect.stringMatching(expected.text) as string,
    });
    return stdout + stderr;
  }, slowMs);
}

beforeAll(async () => {
  plane = await ControlPlane.start();
  api = plane.client();
  writeFileSync(kubeconfig, plane.config().exportConfig(), { mode: 0o600 });
  await apply(system);
  operator = new RunningOperator(api, dataPlanes);
  for (const object of [secret, ...git]) await apply(object);
  write(git);
}, 240_000);

afterAll(async () => {
  await operator?.stop();
  await plane?.stop();
  rmSync(folder, { recursive: true });
});

test('gateways and pools that run what the manifests say: 0, and no Secret is shown', async () => {
  const text = await becomes({ code: 0, text: /^what runs is what the manifests say: / });
  expect(text).toContain('EgressGateway default/g, WorkerPool default/p');
  expect(text).not.toContain('sk-real');
}, 120_000);

test('S52: what somebody opened by hand is told as the calls that differ: 1, in every format', async () => {
  await apply(wide);
  await becomes({
    code: 1,
    text: /^\+ agent `hello` may now reach `paste\.example\.com:443`[^]*1 added, 0 removed, 0 changed in what runs; another policy than the manifests say: EgressGateway default\/g, WorkerPool default\/p/,
  });
  const { code, stdout } = await live('-o', 'json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ added: 1, removed: 0, changed: 0 });
  await remove(wide);
  await becomes({ code: 0, text: /what runs is/ });
}, 240_000);

test('what persons allowed for a time is told beside it, of the agent that is there, and is no difference', async () => {
  const mail = manifest('EgressHTTPRoute', 'mail', {
    parentRefs: [{ name: 'g' }],
    hostnames: ['mail.example.com'],
    rules: [{ matches: [{ methods: ['POST'] }], approval: 'Required' }],
  });
  await apply(mail);
  write([...git, mail]);
  await becomes({ code: 0, text: /^what runs is what the manifests say: .*\n$/ });
  const found = await api.get(kinds.taskAgent, { namespace: 'default', name: 'hello' });
  const allow = (name: string, uid = ''): KubeObject =>
    manifest('Approval', name, {
      request: {
        ...{ id: '0123456789abcdef', gateway: 'g', agent: { kind: 'TaskAgent', name: 'hello', uid } },
        ...{ invocation: 'i', route: { kind: 'EgressHTTPRoute', namespace: 'default', name: 'mail' } },
        call: { method: 'POST', host: 'mail.example.com', port: 443, path: `/${name}` },
        ...{ key: name.padEnd(64, '0'), expiresAt: '2026-01-01T00:00:00Z' },
      },
      decision: { answer: 'Allow', for: 'Agent', ttl: '1h', decidedBy: 'alice' },
    });
  const approvals = [allow('now', found?.metadata?.uid), allow('former', 'another')];
  for (const each of approvals) await apply(each);
  const text = await becomes({
    code: 0,
    text: /^what runs is .*\nallowed by persons now:\n {2}agent `hello` may without asking until `[^`]+` call `POST` on path `\/now` at `mail\.example\.com:443`: allowed by `alice`/,
  });
  expect(text).not.toContain('/former');
  expect(await live('--at', '2026-01-01T00:00:00Z')).toMatchObject({ code: 2 });
  for (const each of approvals) await remove(each);
  await becomes({ code: 0, text: /^what runs is what the manifests say: .*\n$/ });
  await remove(mail);
  write(git);
  await becomes({ code: 0, text: /what runs is/ });
}, 240_000);

test('manifests that are not in force yet are told too', async () => {
  const more = manifest('AIProviderRoute', 'openai', {
    parentRefs: [{ name: 'g' }],
    rules: [{ matches: [{ provider: 'openai' }] }],
  });
  write(git.map((each) => (each === providerRoute ? more : each)));
  const text = await becomes({
    code: 1,
    text: /^- agent `hello` may make fewer calls to `api\.openai\.com:443`/m,
  });
  expect(text).not.toContain('paste');
  write(git);
}, 120_000);

test('what a gateway took is what counts, not what was written for it', async () => {
  await becomes({ code: 0, text: /what runs is/ });
  await apply(wide);
  // The operator has written a new config, and the replica still runs the old one.
  await eventually(async () => {
    const config = parseConfig(gatewayConfigSchema, await configOf('clrk-egress-config-g'));
    expect(JSON.stringify(config)).toContain('paste.example.com');
  }, slowMs);
  operator?.operator.statusChanged();
  expect(await live()).toMatchObject({ code: 0 });
  await remove(wide);
  await becomes({ code: 0, text: /what runs is/ });
}, 240_000);

test('what cannot be seen is 3: a silent gateway, replicas that differ, one that is not there, an unreachable cluster', async () => {
  await becomes({ code: 0, text: /what runs is/ });
  const [word] = dataPlanes.gatewayWords;
  const say = async (words: typeof dataPlanes.gatewayWords, expected: RegExp): Promise<void> => {
    dataPlanes.gatewayWords = words;
    operator?.operator.statusChanged();
    await eventually(async () => {
      const { code, stderr } = await live();
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(expected) as string });
    }, slowMs);
  };
  await say([], /EgressGateway default\/g: 0 of 1 replicas say which policy they run/);
  const old = { ...word!, pod: 'g-1', configDigest: 'old', policyDigest: `sha256:${'0'.repeat(64)}` };
  await say([word!, old], /EgressGateway default\/g: its replicas run 2 policies/);
  const { policyDigest: _none, ...older } = word!;
  await say([{ ...older, configDigest: 'older' }], /0 of 1 replicas say/);
  await becomes({ code: 0, text: /what runs is/ });
  const other = JSON.parse(JSON.stringify([gateway, agent()]).replaceAll('"g"', '"h"')) as KubeObject[];
  write([pool, ...other]);
  expect(await live()).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('EgressGateway default/h is not in the cluster') as string,
  });
  write(git);
  const nowhere = join(folder, 'nowhere');
  const elsewhere = plane
    .config()
    .exportConfig()
    .replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1');
  writeFileSync(nowhere, elsewhere);
  const gone = await runCommandLine(['--kubeconfig', nowhere, 'reach', dist, '--live']);
  expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining('CLUSTER_UNREACHABLE') as string });
}, 240_000);

test('somebody who may not read the config that differs gets 3, and 0 without it where nothing does', async () => {
  const { namespace, name } = { namespace: 'default', name: 'auditor' };
  const rbac = (kind: string, body: object): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    ...body,
  });
  const role = (metadata: object, rules: object[]): KubeObject => rbac('Role', { metadata, rules });
  const own = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true };
  const put = async (object: KubeObject): Promise<void> => {
    const kind = object.kind ?? '';
    await api.apply({ ...own, kind, plural: `${kind.toLowerCase()}s` }, object, { fieldManager: 'test' });
  };
  await api.apply(
    { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } },
    { fieldManager: 'test' },
  );
  const rules = [
    [namespace, { apiGroups: ['clrk.apoxy.dev'], resources: ['*'], verbs: ['get', 'list'] }],
    ['clrk-system', { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get'] }],
  ] as const;
  for (const [where, rule] of rules) {
    await put(role({ namespace: where, name }, [rule]));
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
    const subjects = [{ kind: 'ServiceAccount', namespace, name }];
    await put(rbac('RoleBinding', { metadata: { namespace: where, name }, roleRef, subjects }));
  }
  const config = plane.config(await plane.tokenOf(namespace, name)).exportConfig();
  const poor = join(folder, 'auditor');
  writeFileSync(poor, config, { mode: 0o600 });
  const ask = async () => await runCommandLine(['--kubeconfig', poor, 'reach', dist, '--live']);
  expect(await ask()).toMatchObject({ code: 0 });
  await apply(wide);
  await becomes({ code: 1, text: /paste/ });
  expect(await ask()).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(
      /Secret default\/clrk-egress-config-g\) cannot be read: .*forbidden/,
    ) as string,
  });
}, 240_000);

test('when the operator is gone its statuses may be old: 3', async () => {
  await eventually(follow, slowMs);
  await operator?.stop();
  expect(await live()).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('the operator does not renew its lease') as string,
  });
}, 120_000);

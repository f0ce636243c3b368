/** `clrk drift` against the real API server: defaults and controllers are no drift, a person's `kubectl edit` is. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane } from '../../operator/control-plane.ts';
import { runCommandLine } from '../command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-drift-test-'));
const dist = join(folder, 'dist');
const kubeconfig = join(folder, 'kubeconfig');
const editor = join(folder, 'editor.sh');
const cache = process.env['CLRK_CACHE'] ?? join(homedir(), '.cache/clrk');
const kubectlTool = join(cache, 'tools/kubectl/1.34.2/kubectl');

const manifests = `apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressGateway
metadata: {name: out, namespace: default}
spec: {listeners: [{name: tls, protocol: HTTPS, port: 443}]}
---
apiVersion: clrk.apoxy.dev/v1alpha1
kind: TaskAgent
metadata: {name: triage, namespace: default}
spec:
  workerPoolRef: pool
  template: {spec: {image: 'example.com/triage:1'}}
  egressRefs: [{gatewayRef: out}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {mode: fast}
`;

let plane: ControlPlane;

function kubectl(args: readonly string[], environment: Record<string, string> = {}): string {
  const ran = spawnSync(kubectlTool, [`--kubeconfig=${kubeconfig}`, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...environment },
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout;
}

/** Someone's editor: one substitution, saved. */
function edit(object: string, substitution: string): void {
  writeFileSync(editor, `#!/bin/sh\nsed -i '${substitution}' "$1"\n`);
  chmodSync(editor, 0o700);
  kubectl(['edit', object], { KUBE_EDITOR: editor });
}

async function drift(...args: string[]) {
  const all = ['--kubeconfig', kubeconfig, 'drift', dist, '--no-synth', '-o', 'json', ...args];
  const { code, stdout, stderr } = await runCommandLine(all);
  return {
    code,
    stderr,
    cluster: stdout === '' ? undefined : (JSON.parse(stdout) as { cluster: unknown }).cluster,
  };
}

beforeAll(async () => {
  mkdirSync(dist);
  writeFileSync(join(dist, 'all.yaml'), manifests);
  plane = await ControlPlane.start();
  writeFileSync(kubeconfig, plane.config().exportConfig(), { mode: 0o600 });
}, 180_000);

afterAll(async () => {
  await plane?.stop();
  rmSync(folder, { recursive: true });
});

test('one story: missing, applied, edited, extended, foreign, repaired', async () => {
  const missing = await drift();
  expect(missing).toMatchObject({ code: 2, stderr: '' });
  expect(missing.cluster).toMatchObject([
    { object: 'EgressGateway default/out', change: 'missing' },
    { object: 'TaskAgent default/triage', change: 'missing' },
    { object: 'ConfigMap default/settings', change: 'missing' },
  ]);

  const apply = ['--kubeconfig', kubeconfig, 'apply', '-f', dist];
  expect((await runCommandLine(apply)).code).toBe(0);
  // Defaults of the schema (timeout, defaultPolicy, status) are in the cluster now and not in git.
  expect(await drift()).toEqual({ code: 0, stderr: '', cluster: [] });

  // A controller of ours writes status and a label of its own.
  kubectl(['label', 'taskagent/triage', 'clrk.apoxy.dev/generation=1', '--field-manager=clrk-operator']);
  expect((await drift()).code).toBe(0);

  edit('egressgateway/out', 's/defaultPolicy: deny-all/defaultPolicy: allow-all/');
  edit('taskagent/triage', 's#example.com/triage:1#example.com/evil:1#');
  edit('configmap/settings', 's/mode: fast/mode: slow/');
  const edited = await drift();
  expect(edited.code).toBe(2);
  expect(edited.cluster).toMatchObject([
    {
      object: 'EgressGateway default/out',
      change: 'changed',
      paths: ['spec.defaultPolicy (set by kubectl-edit)'],
    },
    { object: 'TaskAgent default/triage', change: 'changed', paths: ['spec.template.spec.image'] },
    { object: 'ConfigMap default/settings', change: 'changed', paths: ['data.mode'] },
  ]);
  expect(JSON.stringify(edited.cluster)).not.toContain('evil');

  kubectl(['create', 'configmap', 'unrelated', '--from-literal=a=b']);
  writeFileSync(
    join(folder, 'extra.yaml'),
    manifests.split('---')[0]?.replace('name: out', 'name: backdoor') ?? '',
  );
  kubectl(['apply', '--server-side', '-f', join(folder, 'extra.yaml')]);
  expect((await drift()).cluster).toContainEqual({
    object: 'EgressGateway default/backdoor',
    change: 'not in git',
    paths: [],
  });

  kubectl(['delete', 'egressgateway/backdoor']);
  edit('egressgateway/out', 's/defaultPolicy: allow-all/defaultPolicy: deny-all/');
  expect((await runCommandLine([...apply, '--force-conflicts'])).code).toBe(0);
  // kubectl-edit still owns the field; it says what the default says, so nothing differs.
  expect((await drift()).cluster).toEqual([]);
}, 300_000);

test('S52: what somebody applied by hand is drift, whatever they call themselves', async () => {
  const set = join(folder, 'applied');
  mkdirSync(set);
  const gateway = (name: string, policy: string): string =>
    `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: EgressGateway\nmetadata: {name: ${name}, namespace: default}\nspec: {${policy}listeners: [{name: tls, protocol: HTTPS, port: 443}]}\n`;
  const deployment = (more: string): string =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: default}\nspec: {${more}selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}\n`;
  const byHand = join(folder, 'by-hand.yaml');
  const open = 'defaultPolicy: allow-all, ';
  writeFileSync(byHand, [gateway('g1', open), gateway('g3', ''), deployment('paused: true, ')].join('---\n'));
  kubectl(['apply', '-f', byHand]);
  writeFileSync(byHand, gateway('g2', open));
  kubectl(['apply', '--server-side', '--field-manager=argocd-controller', '-f', byHand]);
  writeFileSync(
    join(set, 'all.yaml'),
    [gateway('g1', ''), gateway('g2', ''), gateway('g3', ''), deployment('')].join('---\n'),
  );
  const ask = ['--kubeconfig', kubeconfig, 'drift', set, '--no-synth', '-o', 'json'];
  const { code, stdout } = await runCommandLine(ask);
  expect(code).toBe(2);
  const { cluster } = JSON.parse(stdout) as { cluster: Array<{ change: string }> };
  expect(cluster.filter(({ change }) => change === 'changed')).toMatchObject([
    { object: 'EgressGateway default/g1', paths: ['spec.defaultPolicy (set by kubectl-client-side-apply)'] },
    { object: 'EgressGateway default/g2', paths: ['spec.defaultPolicy (set by argocd-controller)'] },
    { object: 'Deployment default/web', paths: ['spec.paused (set by kubectl-client-side-apply)'] },
  ]);
  const left = { object: 'EgressGateway default/hidden', change: 'not in git', paths: [] };
  expect(cluster).not.toContainEqual(left);
  // An owner that says it made the object hides none that git should have.
  const uid = kubectl(['get', 'configmap', 'settings', '-o', 'jsonpath={.metadata.uid}']);
  const owner = `ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: settings, uid: ${uid}, controller: true}]`;
  writeFileSync(byHand, gateway('hidden', '').replace('namespace: default', `namespace: default, ${owner}`));
  kubectl(['apply', '-f', byHand]);
  const after = await runCommandLine(ask);
  expect((JSON.parse(after.stdout) as { cluster: unknown[] }).cluster).toContainEqual(left);
  kubectl([
    'delete',
    'egressgateway/g1',
    'egressgateway/g2',
    'egressgateway/g3',
    'egressgateway/hidden',
    'deployment/web',
  ]);
}, 300_000);

test('what cannot be decided is 3: no cluster, two sets at once, a kind the server lacks', async () => {
  const nobody = join(folder, 'nobody');
  writeFileSync(
    nobody,
    plane
      .config()
      .exportConfig()
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:1'),
  );
  const unreachable = await runCommandLine(['--kubeconfig', nobody, 'drift', dist, '--no-synth']);
  expect(unreachable).toMatchObject({ code: 3, stdout: '' });
  expect(unreachable.stderr).toContain('CLUSTER_UNREACHABLE');

  const twice = join(folder, 'twice');
  for (const name of ['a', 'b']) {
    mkdirSync(join(twice, name), { recursive: true });
    writeFileSync(join(twice, name, 'x.yaml'), manifests);
  }
  const both = await runCommandLine(['--kubeconfig', kubeconfig, 'drift', twice, '--no-synth']);
  expect(both.code).toBe(3);
  expect(both.stderr).toMatch(/b\/x\.yaml:1: EgressGateway default\/out is also at .*a\/x\.yaml:1/);

  const unknown = join(folder, 'unknown');
  mkdirSync(unknown);
  writeFileSync(join(unknown, 'x.yaml'), 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n');
  const kind = await runCommandLine(['--kubeconfig', kubeconfig, 'drift', unknown, '--no-synth']);
  expect(kind.code).toBe(3);
  expect(kind.stderr).toMatch(/x\.yaml:1: the server has no kind Thing in example\.com\/v1/);
});

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

function kubectl(args: readonly string[], environment: Record<string, string> = {}): void {
  const ran = spawnSync(kubectlTool, [`--kubeconfig=${kubeconfig}`, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...environment },
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
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
  const left = await drift();
  expect(left.cluster).toMatchObject([
    { object: 'EgressGateway default/out', paths: [expect.stringContaining('set by kubectl-edit')] },
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

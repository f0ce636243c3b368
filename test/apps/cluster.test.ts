/** dist/ on a real API server: every object is accepted, pods are admitted, and each role may do what it must and no more. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { homedir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { App } from 'cdk8s';
import { PlatformChart } from '../../apps/index.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { ControlPlane, eventually } from '../operator/control-plane.ts';

const run = promisify(execFile);
const cache = process.env['CLRK_CACHE'] ?? join(homedir(), '.cache/clrk/tools');
const kubectlPath = join(cache, 'kubectl/1.34.2/kubectl');

describe('dist on a real API server', () => {
  let plane: ControlPlane;

  async function kubectl(...args: string[]): Promise<string> {
    const kubeconfig = `--kubeconfig=${join(plane.directory, 'admin.kubeconfig')}`;
    const cacheDir = `--cache-dir=${join(plane.directory, 'kubectl-cache')}`;
    return (
      await run(kubectlPath, [kubeconfig, cacheDir, ...args], {
        cwd: repositoryRoot,
        maxBuffer: 64 * 1024 * 1024,
      })
    ).stdout;
  }

  /** `kubectl auth can-i` answers no with exit code 1. */
  async function canI(account: string, ...question: string[]): Promise<boolean> {
    const as = `--as=system:serviceaccount:clrk-system:${account}`;
    return await kubectl('auth', 'can-i', as, ...question).then(
      (answer) => answer.trim() === 'yes',
      (failure: { stdout?: string }) => {
        if (failure.stdout?.trim().startsWith('no') !== true) throw failure;
        return false;
      },
    );
  }

  beforeAll(async () => {
    plane = await ControlPlane.start();
    writeFileSync(join(plane.directory, 'admin.kubeconfig'), plane.config().exportConfig(), { mode: 0o600 });
    await kubectl('apply', '--server-side', '-f', 'dist/platform/0-Namespace.clrk-system.k8s.yaml');
  });
  afterAll(async () => {
    await plane.stop();
  });

  test.each(['platform', 'defaults', 'examples', 'examples-openai'])(
    'kubectl apply -f dist/%s accepts every object, strictly',
    async (folder) => {
      const applied = await kubectl('apply', '--server-side', '--validate=strict', '-f', `dist/${folder}`);
      expect(applied.trim().split('\n').length).toBeGreaterThanOrEqual(3);
      // Applied again, also client-side by kustomize, nothing is left to change.
      const diff = await kubectl('diff', '--server-side', '-k', `dist/${folder}`);
      expect(diff).toBe('');
      const dryRun = async (): Promise<string> =>
        await kubectl('apply', '--server-side', '--dry-run=server', '-o', 'json', '-k', `dist/${folder}`);
      expect(await dryRun()).toBe(await dryRun());
    },
  );

  test('the platform’s pods satisfy the restricted pod security standard, a ClickHouse of its own too', async () => {
    const chart = new PlatformChart(new App(), 'platform', { installClickhouse: true });
    const file = join(plane.directory, 'with-clickhouse.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: chart.toJson() }));
    await kubectl('apply', '--server-side', '--validate=strict', '-f', file);
    const pods = await eventually(async () => {
      const names = (await kubectl('get', 'pods', '-n', 'clrk-system', '-o', 'name')).trim().split('\n');
      if (names.length < 7) throw new Error(`only ${names.join(' ')}`);
      return names;
    }, 30_000);
    expect(pods.map((name) => name.replace(/-[a-z0-9]{8,10}-[a-z0-9]{5}$/, '')).toSorted()).toEqual([
      'pod/clrk-clickhouse-0',
      'pod/clrk-ingress',
      'pod/clrk-ingress',
      'pod/clrk-nats-0',
      'pod/clrk-operator',
      'pod/clrk-operator',
      'pod/clrk-telemetry',
    ]);
  });

  test.each([
    ['clrk-operator', ['list', 'taskagents.clrk.apoxy.dev', '-A'], true],
    [
      'clrk-operator',
      ['patch', 'taskagents.clrk.apoxy.dev/x', '--subresource=status', '-n', 'default'],
      true,
    ],
    ['clrk-operator', ['patch', 'taskagents.clrk.apoxy.dev', '-n', 'default'], false],
    ['clrk-operator', ['create', 'agentsandboxrevisions.clrk.apoxy.dev', '-n', 'default'], true],
    ['clrk-operator', ['create', 'secrets', '-n', 'default'], true],
    ['clrk-operator', ['create', 'deployments.apps', '-n', 'default'], true],
    ['clrk-operator', ['create', 'pods', '-n', 'default'], false],
    ['clrk-operator', ['create', 'pods/exec', '-n', 'default'], false],
    ['clrk-operator', ['create', 'clusterroles'], false],
    ['clrk-operator', ['update', 'leases.coordination.k8s.io', '-n', 'clrk-system'], true],
    ['clrk-operator', ['update', 'leases.coordination.k8s.io', '-n', 'kube-system'], false],
    ['clrk-operator', ['impersonate', 'users'], false],
    ['clrk-ingress', ['watch', 'secrets/clrk-ingress-settings', '-n', 'clrk-system'], true],
    ['clrk-ingress', ['get', 'secrets/clrk-platform-auth', '-n', 'clrk-system'], false],
    ['clrk-ingress', ['list', 'taskagents.clrk.apoxy.dev', '-A'], false],
    ['clrk-telemetry', ['get', 'secrets/clrk-platform-auth', '-n', 'clrk-system'], false],
  ] as const)('%s: can-i %s is %s', async (account, question, expected) => {
    expect(await canI(account, ...question)).toBe(expected);
  });
});

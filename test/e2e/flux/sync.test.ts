/** Real Flux and the examples' repository: health, failing fast, drift, revert and prune as its users expect them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Cluster, until } from '../cluster/cluster.ts';
import { mustRun } from '../cluster/run-tool.ts';
import { applyProviderSecrets } from './provider-secrets.ts';
import { manifests, Repository } from './repository.ts';

const name = 'agents';
const agentFile = 'TaskAgent.hello.k8s.yaml';
const limitMs = 5 * 60_000;
let folder = '';
let cluster: Cluster;
let repository: Repository;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}
interface WithStatus {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly lastAppliedRevision?: string;
    readonly latestReadyRevisionName?: string;
  };
}

async function get(kind: string, object: string, namespace = 'default'): Promise<WithStatus> {
  return JSON.parse(await cluster.must(['-n', namespace, 'get', kind, object, '-o', 'json'])) as WithStatus;
}
const kustomization = (): Promise<WithStatus> => get('kustomization', name, 'flux-system');
const condition = (object: WithStatus, type: string): Condition | undefined =>
  object.status?.conditions?.find((each) => each.type === type);
const isReady = (object: WithStatus): boolean => condition(object, 'Ready')?.status === 'True';

/** Until the Kustomization is Ready with this commit. */
async function synced(commit: string): Promise<void> {
  await until(
    `Flux applied ${commit}`,
    async () => {
      const observed = await kustomization();
      return isReady(observed) && observed.status?.lastAppliedRevision?.endsWith(commit) ? true : undefined;
    },
    limitMs,
  );
}

async function gitops(...words: readonly string[]): Promise<string> {
  const { script, environment } = inject('gitops');
  return mustRun(script, words, { environment });
}

/** Names of what belongs to the agent: itself, its revisions, its Service. */
async function belongings(): Promise<readonly string[]> {
  const agents = await cluster.must(['get', 'taskagents', '-o', 'name']);
  const children = [
    'get',
    'agentsandboxrevisions,services',
    '-l',
    'clrk.apoxy.dev/agent=hello',
    '-o',
    'name',
  ];
  return `${agents}${await cluster.must(children)}`.split('\n').filter((line) => line !== '');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clrk-flux-'));
  cluster = await Cluster.open(inject('fluxKubeconfig'));
  repository = await Repository.create(join(folder, name));
  await applyProviderSecrets(cluster);
  await gitops('serve', repository.directory, name);
}, 120_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('the Kustomization becomes Ready only after the agent is', async () => {
  await gitops('sync', name, `./${manifests}`);
  let waited = 0;
  await until(
    'Kustomization Ready',
    async () => {
      // In this order: if the first is Ready, the second must have been.
      const whole = await kustomization();
      if (!isReady(whole)) {
        const { code, stdout } = await cluster.kubectl(['get', 'taskagent', 'hello', '-o', 'json']);
        if (code === 0 && !isReady(JSON.parse(stdout) as WithStatus)) waited += 1;
        return undefined;
      }
      expect(isReady(await get('taskagent', 'hello'))).toBe(true);
      return true;
    },
    limitMs,
  );
  expect(waited, 'seen the agent applied and not ready, and the Kustomization waiting').toBeGreaterThan(0);
}, 400_000);

test('kubectl edit is reverted', async () => {
  const before = await get('taskagent', 'hello');
  expect(before.spec?.['timeout']).toBe('100s');
  const editor = { KUBE_EDITOR: 'sed -i s/100s/55s/' };
  await cluster.must(['edit', 'taskagent', 'hello'], { environment: editor });
  await until('the edit is gone', async () =>
    (await get('taskagent', 'hello')).spec?.['timeout'] === '100s' ? true : undefined,
  );
  const after = (await get('taskagent', 'hello')) as { metadata?: { generation?: number } };
  const generation = (before as { metadata?: { generation?: number } }).metadata?.generation ?? 0;
  expect(after.metadata?.generation, 'it was there, and was taken back').toBeGreaterThanOrEqual(
    generation + 2,
  );
}, 400_000);

test('a change makes a new revision, and git revert brings the former one back', async () => {
  const specOf = async (): Promise<unknown> => {
    const revision = (await get('taskagent', 'hello')).status?.latestReadyRevisionName ?? '';
    return (await get('agentsandboxrevision', revision)).spec;
  };
  const former = await specOf();
  await repository.edit(agentFile, (text) =>
    text.replace(/^( +)image: (.*)$/m, '$1image: $2\n$1env:\n$1  - name: MOOD\n$1    value: cheerful'),
  );
  await synced(await repository.commit('a mood'));
  expect(await specOf()).not.toEqual(former);
  await synced(await repository.revert());
  expect(await specOf()).toEqual(former);
}, 900_000);

test('an agent that cannot work fails the sync as Stalled, long before the timeout', async () => {
  await repository.edit(agentFile, (text) => text.replace('hello:0.1.0', 'hello:not-there'));
  const broken = await repository.commit('an image that is not there');
  const failed = await until(
    'Kustomization failed',
    async () => {
      const observed = await kustomization();
      const ready = condition(observed, 'Ready');
      return ready?.status === 'False' && ready.reason === 'HealthCheckFailed' ? ready : undefined;
    },
    limitMs,
  );
  expect(failed.message).toContain('TaskAgent/default/hello');
  expect(failed.message).not.toMatch(/timeout/i);
  expect(condition(await get('taskagent', 'hello'), 'Stalled')?.status).toBe('True');
  expect((await kustomization()).status?.lastAppliedRevision ?? '').not.toContain(broken);
  await synced(await repository.revert());
}, 900_000);

test('what leaves git is pruned with all its children', async () => {
  expect((await belongings()).length).toBeGreaterThanOrEqual(3);
  await repository.remove(agentFile);
  await synced(await repository.commit('without the agent'));
  await until('the agent and its children are gone', async () =>
    (await belongings()).length === 0 ? true : undefined,
  );
  await repository.remove('WorkerPool.default.k8s.yaml');
  await synced(await repository.commit('without the pool'));
  await until('the pool and its children are gone', async () => {
    const kinds = 'workerpools,deployments,services,secrets,roles,rolebindings,serviceaccounts';
    const left = await cluster.must(['get', kinds, '-o', 'name']);
    if (/default-workers|clrk-worker|clrk-pool|workerpool/.test(left)) throw new Error(`left: ${left}`);
    return true;
  });
}, 900_000);

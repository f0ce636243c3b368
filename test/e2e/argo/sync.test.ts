/** Real Argo CD and the examples' repository, with the health script this repository ships in argocd-cm. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Cluster, until } from '../cluster/cluster.ts';
import { mustRun } from '../cluster/run-tool.ts';
import { applyProviderSecrets } from '../flux/provider-secrets.ts';
import { manifests, Repository } from '../flux/repository.ts';

const name = 'agents';
const agentFile = 'TaskAgent.hello.k8s.yaml';
let folder = '';
let cluster: Cluster;
let repository: Repository;

interface Application {
  readonly status?: {
    readonly sync?: { readonly status?: string; readonly revision?: string };
    readonly health?: { readonly status?: string };
  };
}

async function application(): Promise<string> {
  const text = await cluster.must(['-n', 'argocd', 'get', 'application', name, '-o', 'json']);
  const { status } = JSON.parse(text) as Application;
  const at = status?.sync?.revision === (await repository.head()) ? '' : ' (of another commit)';
  return `${status?.sync?.status ?? ''}/${status?.health?.status ?? ''}${at}`;
}

async function reaches(wanted: string): Promise<void> {
  let last = '';
  await until(`the Application is ${wanted}`, async () => {
    last = await application();
    return last === wanted ? true : undefined;
  }).catch((error: unknown) => {
    throw new Error(`the Application is ${last}, not ${wanted}`, { cause: error });
  });
}

async function agentIsReady(): Promise<boolean> {
  const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  const { stdout } = await cluster.kubectl(['get', 'taskagent', 'hello', '-o', path]);
  return stdout === 'True';
}

async function gitops(...words: readonly string[]): Promise<string> {
  const { script, environment } = inject('gitops');
  return mustRun(script, words, { environment });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clrk-argo-'));
  cluster = await Cluster.open(inject('fluxKubeconfig'));
  repository = await Repository.create(join(folder, name));
  await applyProviderSecrets(cluster);
  await gitops('serve', repository.directory, name);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the Application is Healthy once the agent is Ready, Progressing before', async () => {
  await gitops('argo-sync', name, manifests);
  const seen = new Set<string>();
  await until('Synced and Healthy', async () => {
    const state = await application();
    seen.add(state);
    if (state !== 'Synced/Healthy') return undefined;
    expect(await agentIsReady()).toBe(true);
    return true;
  });
  expect([...seen]).toContain('Synced/Progressing');
}, 400_000);

test('an agent that cannot work is Degraded, and git revert heals it', async () => {
  await repository.edit(agentFile, (text) => text.replace('hello:0.1.0', 'hello:not-there'));
  await repository.commit('an image that is not there');
  await reaches('Synced/Degraded');
  await repository.revert();
  await reaches('Synced/Healthy');
}, 900_000);

test('drift is corrected and what leaves git is pruned', async () => {
  await cluster.must(['edit', 'taskagent', 'hello'], { environment: { KUBE_EDITOR: 'sed -i s/100s/55s/' } });
  await until('the edit is gone', async () => {
    const timeout = await cluster.must(['get', 'taskagent', 'hello', '-o', 'jsonpath={.spec.timeout}']);
    return timeout === '100s' ? true : undefined;
  });
  await repository.remove(agentFile);
  await repository.commit('without the agent');
  await until('the agent and its children are gone', async () => {
    const agents = await cluster.must(['get', 'taskagents', '-o', 'name']);
    const own = ['get', 'agentsandboxrevisions,services', '-l', 'clrk.apoxy.dev/agent=hello', '-o', 'name'];
    return `${agents}${await cluster.must(own)}`.trim() === '' ? true : undefined;
  });
}, 900_000);

import { rmSync } from 'node:fs';
import { ApiObject, App, Chart, Testing, YamlOutputType } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { AgentStack, EgressGateway, FluxKustomizations, GitOps } from '../../constructs/index.ts';

interface Applied {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly spec: Record<string, unknown>;
}

const image = 'ghcr.io/acme/triage:1.0.0';
const source = { kind: 'GitRepository', name: 'agents' } as const;

function waves(chart: Chart): Record<string, string | undefined> {
  const objects = Testing.synth(chart) as Applied[];
  return Object.fromEntries(
    objects.map(({ kind, metadata }) => [kind, metadata.annotations?.['argocd.argoproj.io/sync-wave']]),
  );
}

function stackIn(app: App): AgentStack {
  const stack = new AgentStack(app, 'triage', { image });
  new ApiObject(stack, 'namespace', { apiVersion: 'v1', kind: 'Namespace' });
  new ApiObject(stack, 'config', { apiVersion: 'v1', kind: 'ConfigMap' });
  return stack;
}

describe('GitOps.argo', () => {
  test('is off unless asked for', () => {
    const none = { WorkerPool: undefined, EgressGateway: undefined, TaskAgent: undefined };
    expect(waves(new AgentStack(new App(), 'triage', { image }))).toEqual(none);
  });

  test('orders what is there and what is added later, and leaves other kinds alone', () => {
    const stack = stackIn(new App({ resolvers: [GitOps.argo({ platform: 3 })] }));
    stack.gateway.apiObject.metadata.addAnnotation('note', 'kept');
    expect(waves(stack)).toEqual({
      Namespace: '-2',
      ConfigMap: undefined,
      WorkerPool: '3',
      EgressGateway: '3',
      TaskAgent: '1',
    });
    expect(
      (Testing.synth(stack) as Applied[]).find(({ kind }) => kind === 'EgressGateway')?.metadata,
    ).toMatchObject({
      annotations: { note: 'kept', 'argocd.argoproj.io/sync-wave': '3' },
    });
  });

  test('keeps a wave somebody wrote', () => {
    const app = new App({ resolvers: [GitOps.argo()] });
    const chart = new Chart(app, 'test');
    const annotations = { 'argocd.argoproj.io/sync-wave': '7' };
    new EgressGateway(chart, 'gateway', { metadata: { annotations } });
    expect(waves(chart)).toEqual({ EgressGateway: '7' });
  });

  test('refuses a wave that is no whole number', () => {
    expect(() => GitOps.argo({ agents: 1.5 })).toThrow('a wave is a whole number');
  });
});

describe('FluxKustomizations', () => {
  const folders = { yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE };

  test('makes one Kustomization a chart, in order', () => {
    const app = new App(folders);
    const [first, second] = ['first', 'second'].map((id) => new AgentStack(app, id, { image }));
    const flux = new FluxKustomizations(app, 'flux', { source, path: './rendered/' });
    if (first !== undefined) flux.addChart(first, { after: ['clrk-platform'] });
    if (first !== undefined && second !== undefined) flux.addChart(second, { after: [first] });
    expect((Testing.synth(flux) as Applied[]).map(({ metadata, spec }) => ({ metadata, spec }))).toEqual([
      {
        metadata: { name: 'first', namespace: 'flux-system' },
        spec: {
          interval: '600s',
          timeout: '300s',
          path: './rendered/first',
          sourceRef: source,
          prune: true,
          wait: true,
          dependsOn: [{ name: 'clrk-platform' }],
        },
      },
      expect.objectContaining({ spec: expect.objectContaining({ dependsOn: [{ name: 'first' }] }) }),
    ]);
  });

  test('refuses what has no order', () => {
    const app = new App(folders);
    const [a, b] = [new Chart(app, 'a'), new Chart(app, 'b')];
    const flux = new FluxKustomizations(app, 'flux', { source });
    expect(() => flux.addChart(b, { after: [a] })).toThrow('flux: add a before what comes after it');
    flux.addChart(a);
    expect(() => flux.addChart(a)).toThrow('flux: syncs a already');
  });

  test('says when its paths would not be the folders synth makes', () => {
    const app = new App();
    const flux = new FluxKustomizations(app, 'flux', { source });
    expect(() => Testing.synth(flux)).toThrow('[flux] needs one folder a chart');
    const numbered = Testing.app(folders);
    const [a, b] = [new Chart(numbered, 'a'), new Chart(numbered, 'b')];
    b.addDependency(a);
    new FluxKustomizations(numbered, 'flux', { source }).addChart(a);
    expect(() => numbered.synth()).toThrow('[flux] charts that depend on one another get numbered folders');
    rmSync(numbered.outdir, { recursive: true });
  });
});

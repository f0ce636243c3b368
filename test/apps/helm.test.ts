/** The Helm charts with real helm: they lint, their default rendering is dist/platform, and values do what they say. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { App } from 'cdk8s';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { PlatformChart } from '../../apps/index.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { provideHelm } from './helm-tool.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Record<string, string>;
  };
  readonly spec?: unknown;
  readonly data?: Record<string, string>;
}

const run = promisify(execFile);
const helmPath = provideHelm();
const home = mkdtempSync(join(tmpdir(), 'clrk-helm-'));
afterAll(() => rmSync(home, { recursive: true }));

async function helm(...args: string[]): Promise<string> {
  const env = { PATH: '/usr/bin:/bin', HOME: home };
  return (await run(helmPath, args, { cwd: repositoryRoot, env, maxBuffer: 64 * 1024 * 1024 })).stdout;
}

async function template(chart: string, ...args: string[]): Promise<Map<string, Manifest>> {
  const text = await helm('template', 'clrk', `dist/charts/${chart}`, '--namespace', 'clrk-system', ...args);
  const objects = parseAllDocuments(text).flatMap((document) => {
    expect(document.errors).toEqual([]);
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
  return new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
}

function folder(path: string): Map<string, Manifest> {
  const names = readdirSync(join(repositoryRoot, path)).filter((name) => name.endsWith('.yaml'));
  const objects = names.map(
    (name) => parse(readFileSync(join(repositoryRoot, path, name), 'utf8')) as Manifest,
  );
  return new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
}

function sorted<T>(objects: ReadonlyMap<string, T>): [string, T][] {
  return [...objects].toSorted(([a], [b]) => a.localeCompare(b));
}

describe('chart clrk', () => {
  test.each(['clrk', 'clrk-crds'])('helm lint finds nothing in %s', async (chart) => {
    expect(await helm('lint', '--strict', `dist/charts/${chart}`)).toContain('0 chart(s) failed');
  });

  test('the default rendering is dist/platform without the Namespace, object by object', async () => {
    const expected = folder('dist/platform');
    expect(expected.delete('Namespace/clrk-system')).toBe(true);
    expect(sorted(await template('clrk'))).toEqual(sorted(expected));
  });

  test('another namespace leaves no trace of the default one', async () => {
    const text = await helm('template', 'x', 'dist/charts/clrk', '--namespace', 'agents-prod');
    expect(text).not.toContain('clrk-system');
    expect(text).toContain('tls://clrk-nats.agents-prod.svc:4222');
  });

  test.each([
    ['image.digest=sha256:abc', 'image: "clrk.apoxy.dev/clrk@sha256:abc"'],
    ['image.repository=registry.example/clrk', 'image: "registry.example/clrk:0.1.0"'],
    ['image.tag=1.2.3', 'value: "clrk.apoxy.dev/clrk:1.2.3"'],
    ['operator.replicas=3', 'replicas: 3'],
    ['ingress.service.type=LoadBalancer', 'type: LoadBalancer'],
    ['ingress.resources.limits.memory=3Gi', 'memory: 3Gi'],
    ['operator.tolerations[0].key=agents', 'tolerations:\n        - key: agents'],
    ['telemetry.nodeSelector.disk=fast', 'nodeSelector:\n        disk: fast'],
    ['telemetry.storage.size=100Gi', 'storage: "100Gi"'],
    ['telemetry.storage.className=ssd', 'storageClassName: "ssd"'],
    ['clickhouse.url=http://ch:8123', 'clickhouseUrl: "http://ch:8123"'],
    ['platformCidrs={10.0.0.0/8,192.0.2.0/24}', 'platformCidrs: "10.0.0.0/8,192.0.2.0/24"'],
    ['telemetry.retention.invocationDays=365', 'invocationRetentionDays: "365"'],
    ['imagePullSecrets[0].name=pull', 'imagePullSecrets:\n        - name: pull'],
    ['monitoring.podMonitor.enabled=true', 'kind: PodMonitor'],
  ])('--set %s', async (setting, expected) => {
    const before = await helm('template', 'clrk', 'dist/charts/clrk');
    expect(before).not.toContain(expected);
    expect(await helm('template', 'clrk', 'dist/charts/clrk', '--set', setting)).toContain(expected);
  });

  test('an own NATS replaces the one installed; policies and budgets can be left out', async () => {
    const lean = await template(
      'clrk',
      ...[
        'nats.url=nats://nats.example:4222',
        'networkPolicy.enabled=false',
        'podDisruptionBudget.enabled=false',
      ].flatMap((setting) => ['--set', setting]),
    );
    expect(lean.get('ConfigMap/clrk-platform')?.data).toEqual({ natsUrl: 'nats://nats.example:4222' });
    const names = [...lean.keys()];
    expect(names.filter((name) => name.endsWith('clrk-nats'))).toEqual([]);
    expect(names.filter((name) => /^(NetworkPolicy|PodDisruptionBudget)/.test(name))).toEqual([]);
  });

  test('clickhouse.install renders what the construct does with installClickhouse', async () => {
    const chart = new PlatformChart(new App(), 'platform', { installClickhouse: true });
    // Through YAML, as helm's rendering is.
    const objects = (chart.toJson() as Manifest[]).map((each) => parse(stringify(each)) as Manifest);
    const expected = new Map(objects.map((each) => [`${each.kind}/${each.metadata.name}`, each]));
    expect(expected.delete('Namespace/clrk-system')).toBe(true);
    const rendered = await template('clrk', '--set', 'clickhouse.install=true');
    expect(sorted(rendered)).toEqual(sorted(expected));
    expect(rendered.get('StatefulSet/clrk-clickhouse')).toBeDefined();
  });

  test('two places for the records are refused, by the chart and by the construct', async () => {
    const both = ['--set', 'clickhouse.install=true', '--set', 'clickhouse.url=http://ch:8123'];
    const refusal = helm('template', 'clrk', 'dist/charts/clrk', ...both);
    await expect(refusal).rejects.toMatchObject({ stderr: expect.stringContaining('exclude') as string });
    const props = { installClickhouse: true, clickhouseUrl: 'http://ch:8123' };
    expect(() => new PlatformChart(new App(), 'platform', props)).toThrow('exclude');
  });

  test.each([
    ['operator.replcas=2', 'replcas'],
    ['operator.replicas=many', 'replicas'],
    ['image.pullPolicy=Sometimes', 'pullPolicy'],
    ['clickhouse.url=http://user:secret@ch:8123', 'clickhouse'],
  ])('the schema refuses --set %s', async (setting, named) => {
    const refusal = helm('template', 'clrk', 'dist/charts/clrk', '--set', setting);
    await expect(refusal).rejects.toMatchObject({ stderr: expect.stringContaining(named) as string });
  });

  test('every value of the schema has its description as a comment in values.yaml', () => {
    const chart = join(repositoryRoot, 'dist/charts/clrk');
    const comments = readFileSync(join(chart, 'values.yaml'), 'utf8')
      .split('\n')
      .flatMap((line) => /^ *# (.+)$/.exec(line)?.[1] ?? []);
    interface Schema {
      readonly description?: string;
      readonly properties?: Readonly<Record<string, Schema>>;
    }
    const leaves = ({ properties, description = '' }: Schema): string[] =>
      properties === undefined ? [description] : Object.values(properties).flatMap(leaves);
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Schema;
    const { global: _helms, ...own } = schema.properties ?? {};
    const descriptions = leaves({ properties: own });
    expect(descriptions.length).toBeGreaterThan(40);
    for (const description of descriptions) expect(comments).toContain(description);
  });
});

test('chart clrk-crds renders crds/, each kept when the chart goes', async () => {
  const rendered = await template('clrk-crds');
  for (const crd of rendered.values()) {
    expect(crd.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    delete (crd.metadata as { annotations?: unknown }).annotations;
  }
  expect(sorted(rendered)).toEqual(sorted(folder('crds')));
});

/**
 * What a checker of manifests (kube-score) asks of dist/platform, and what a decision stands against: nothing else may be
 * critical. Its facts are asserted here too, so that a failure names them.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { provideTool } from '../../local/tools/tool-store.mjs';
import { testToolTable } from '../../local/tools/tool-table.mjs';
import { repositoryRoot } from '../../scripts/source-files.ts';

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: number };
  readonly tcpSocket?: { readonly port: number };
}

interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly spec: {
        readonly affinity?: object;
        readonly containers: ReadonlyArray<{
          readonly readinessProbe?: Probe;
          readonly livenessProbe?: Probe;
          readonly resources: {
            readonly requests: Readonly<Record<string, string>>;
            readonly limits: Readonly<Record<string, string>>;
          };
        }>;
      };
    };
  };
}

const folder = join(repositoryRoot, 'dist/platform');
const files = readdirSync(folder).filter((name) => name.endsWith('.k8s.yaml'));
const workloads = files
  .map((name) => parse(readFileSync(join(folder, name), 'utf8')) as Workload)
  .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
const decided = new Set(['container-image-pull-policy', 'statefulset-has-servicename']);

describe.each(workloads.map((each) => [each.metadata.name, each] as const))(
  '%s',
  (name, { metadata, spec }) => {
    const [container] = spec.template.spec.containers;

    it('asks for and is bounded in CPU, memory and ephemeral storage', () => {
      const resources = ['cpu', 'ephemeral-storage', 'memory'];
      expect(Object.keys(container?.resources.requests ?? {}).toSorted()).toEqual(resources);
      expect(Object.keys(container?.resources.limits ?? {}).toSorted()).toEqual(resources);
    });

    it('is asked whether it is ready, and whether it lives in another way or not at all', () => {
      expect(container?.readinessProbe).toBeDefined();
      const where = ({ httpGet, tcpSocket }: Probe = {}): string => JSON.stringify([httpGet, tcpSocket]);
      expect(where(container?.livenessProbe)).not.toBe(where(container?.readinessProbe));
    });

    it('passes over no check but those decided on', () => {
      const ignored = (metadata.annotations?.['kube-score/ignore'] ?? '').split(',');
      expect(ignored.filter((check) => !decided.has(check))).toEqual([]);
    });

    it('survives the end of one node where it keeps nothing', () => {
      const isStateless = name === 'clrk-operator' || name === 'clrk-ingress';
      expect(spec.replicas).toBe(isStateless ? 2 : 1);
      if (isStateless)
        expect(JSON.stringify(spec.template.spec.affinity)).toContain('kubernetes.io/hostname');
    });
  },
);

describe('kube-score', () => {
  it('finds nothing critical', async () => {
    const [tool] = testToolTable;
    if (tool === undefined) throw new Error('kube-score is in no table of tools');
    const { path } = await provideTool(tool);
    const args = ['score', '--output-format', 'ci', ...files.map((name) => join(folder, name))];
    const { stdout } = spawnSync(path, args, { encoding: 'utf8' });
    expect(stdout.split('\n').filter((line) => line.startsWith('[CRITICAL]'))).toEqual([]);
    expect(stdout).toContain('[OK]');
    // Where `npm test` did not provide it, it is built here.
  }, 600_000);
});

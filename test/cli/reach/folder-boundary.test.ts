/** The validation plugin's boundary: what leaves it, and what nobody can say, fails the synth with a reason. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { judgeFolder } from '../../../cli/reach/folder-boundary.ts';
import { validateSynth, type Cdk8sValidationContext } from '../../../policy/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-boundary-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const header = (kind: string, name: string) =>
  `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\n`;
const documents = [
  `${header('TaskAgent', 'triage')}spec: {workerPoolRef: pool, template: {spec: {image: "example.com/t:1"}}, egressRefs: [{gatewayRef: out}]}\n`,
  `${header('WorkerPool', 'pool')}spec: {replicas: 1, template: {image: "example.com/w:1"}}\n`,
  `${header('EgressGateway', 'out')}spec: {listeners: [{name: tls, protocol: HTTPS}]}\n`,
  `${header('EgressL4Route', 'web')}spec: {parentRefs: [{name: out}], rules: [{matches: [{destinationHostnames: [api.stripe.com], ports: [{port: 443}]}]}]}\n`,
];
const manifest = join(folder, 'x.k8s.yaml');
writeFileSync(manifest, documents.join('---\n'));

test.each([
  ['inside', 'version: 1\nrows: [{ destinations: ["*.stripe.com"] }]', undefined],
  [
    'outside',
    'version: 1\nrows: [{ destinations: [example.com] }]',
    'can reach `api.stripe.com:443` over HTTPS',
  ],
  ['unreadable', 'version: 2', 'its version is not 1'],
])('%s', (name, text, reason) => {
  const boundary = join(mkdtempSync(join(tmpdir(), 'clrk-boundary-file-')), `${name}.yaml`);
  writeFileSync(boundary, text);
  const told: string[] = [];
  const report: Cdk8sValidationContext['report'] = {
    addViolation: ({ ruleName, recommendation }) => {
      if (ruleName === 'outside-boundary') told.push(recommendation);
    },
    submit: () => undefined,
  };
  validateSynth({ manifests: [manifest], report }, { within: boundary }, judgeFolder);
  rmSync(join(boundary, '..'), { recursive: true });
  if (reason === undefined) expect(told).toEqual([]);
  else expect(told.join()).toContain(reason);
});

/** Manifests of a folder as documents, for programs that ask: all of it or an error. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readManifestSets } from '../../../cli/reach/manifest-sets.ts';
import { compileManifests } from '../../../operator/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-manifest-sets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const header = (kind: string, name: string): string =>
  `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\n`;
const gateway = `${header('EgressGateway', 'out')}spec: {listeners: [{name: tls, protocol: HTTPS}]}\n`;
const agent = (kind: string): string =>
  `${header(kind, 'one')}spec: {workerPoolRef: p, template: {spec: {image: example.com/x:1}}, egressRefs: [{gatewayRef: out}]}\n`;

function read(text: string) {
  writeFileSync(join(folder, 'x.yaml'), text);
  return readManifestSets(folder, (objects) => compileManifests(objects, []));
}

test('what names no namespace is in the default one; both kinds of agents of one name are there', () => {
  const [set, ...more] = read(`${agent('TaskAgent')}---\n${agent('DaemonAgent')}---\n${gateway}`);
  expect(more).toEqual([]);
  const agents = set?.documents.pools.flatMap((pool) => pool.agents) ?? [];
  const lines = agents.map(
    ({ kind, namespace, name, gateways }) => `${kind}/${namespace}/${name} ${gateways.join()}`,
  );
  expect(new Set(lines)).toEqual(
    new Set(['DaemonAgent/default/one default/out', 'TaskAgent/default/one default/out']),
  );
});

test('half of it is an error', () => {
  expect(() => read(agent('TaskAgent'))).toThrow('EgressGateway default/out does not exist');
});

/** What the mark of a contained agent compiles to: no gateway takes its connections, and no name opens to it. */
import { expect, test } from 'vitest';
import { containedAnnotation } from '../../contract/index.ts';
import { egressFinding } from '../../operator/agent-needs.ts';
import { compileManifests } from '../../operator/compile/index.ts';
import { gatewayWatches } from '../../operator/egressgateway/watches.ts';
import { kinds, type TaskAgent } from '../../operator/kind.ts';
import type { KubeObject, World } from '../../operator/runtime/index.ts';
import { agent, gateway, manifest, pool, providerRoute } from './manifest.ts';

function contained(text: string): KubeObject {
  const object = agent();
  return { ...object, metadata: { ...object.metadata, annotations: { [containedAnnotation]: text } } };
}

const other = manifest('TaskAgent', 'honest', (agent() as { spec?: object }).spec ?? {});

function compiled(subject: KubeObject): { readonly peers: string[]; readonly gateways: string[] } {
  const { gateways, pools } = compileManifests([pool, gateway, providerRoute, other, subject], []);
  const hello = pools.flatMap(({ agents }) => agents).find(({ name }) => name === 'hello');
  return {
    peers: gateways.flatMap(({ framePeers }) => framePeers.flatMap(({ agents }) => agents)),
    gateways: hello?.gateways ?? [],
  };
}

test('an agent speaks through its gateway; contained it does not, and its neighbour does', () => {
  expect(compiled(agent())).toEqual({
    peers: ['TaskAgent/default/hello', 'TaskAgent/default/honest'],
    gateways: ['default/g'],
  });
  const shut = { peers: ['TaskAgent/default/honest'], gateways: [] };
  expect(compiled(contained('2026-01-02T03:04:05Z by ops: leaks'))).toEqual(shut);
  expect(compiled(contained(''))).toEqual(shut);
});

test('the gateway looks again when the mark comes and when it goes, though the generation stays', () => {
  const watch = gatewayWatches.find(({ resource }) => resource === kinds.taskAgent);
  const [before, after] = [agent(), contained('x')];
  const keys = (change: { before: KubeObject; after: KubeObject }): readonly string[] =>
    watch?.keysOf(undefined as unknown as World, { ...change, resource: kinds.taskAgent } as never) ?? [];
  expect(keys({ before, after })).toContain('default/g');
  expect(keys({ before: after, after: before })).toContain('default/g');
  expect(keys({ before, after: { ...before } })).toEqual([]);
});

test('the status says who and why', () => {
  const finding = egressFinding(contained('by ops: leaks') as unknown as TaskAgent, new Map());
  expect(finding).toMatchObject({
    reason: 'Contained',
    message: 'egress is closed: contained by ops: leaks',
  });
});

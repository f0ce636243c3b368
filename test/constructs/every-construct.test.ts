/** Every kind has a construct; what each writes is read here once, and the real API server takes it without a change. */
import { Testing } from 'cdk8s';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiGroup, apiVersionName, kinds } from '../../api/index.ts';
import { ControlPlane } from '../operator/control-plane.ts';
import type { Synthesized } from './chart.ts';
import { everyConstruct } from './every-construct.ts';

const objects = Testing.synth(everyConstruct('default')) as Synthesized[];

test('every kind but those the operator makes has a construct', () => {
  const made = ['AgentSandboxRevision', 'Approval'];
  const authored = kinds.map(({ kind }) => kind).filter((kind) => !made.includes(kind));
  expect([...new Set(objects.map(({ kind }) => kind))].toSorted()).toEqual(authored.toSorted());
});

describe('snapshots', () => {
  test.each(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object] as const))(
    '%s',
    (_name, object) => {
      expect(object.spec).toMatchSnapshot();
    },
  );
});

describe('the real API server', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await ControlPlane.start();
  }, 120_000);
  afterAll(async () => {
    await plane?.stop();
  });

  test.each(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object] as const))(
    'takes %s and keeps every field',
    async (_name, object) => {
      const plural = kinds.find(({ kind }) => kind === object.kind)?.plural ?? '';
      const resource = {
        group: apiGroup,
        version: apiVersionName,
        plural,
        kind: object.kind,
        namespaced: true,
      };
      const kept = await plane.client().apply(resource, object, { fieldManager: 'test' });
      expect(kept).toMatchObject({ spec: object.spec });
    },
  );
});

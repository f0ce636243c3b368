import { describe, expect, it } from 'vitest';
import {
  Applier,
  builtins,
  contains,
  type KubeApi,
  type KubeObject,
} from '../../../operator/runtime/index.ts';

describe('contains', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['equal', { a: 1 }, { a: 1 }, true],
    ['server added a default', { a: 1, b: 2 }, { a: 1 }, true],
    ['a value differs', { a: 2 }, { a: 1 }, false],
    ['a field is missing', {}, { a: 1 }, false],
    ['lists are whole', { a: [1, 2] }, { a: [1] }, false],
    ['list items may have defaults', { a: [{ x: 1, y: 2 }] }, { a: [{ x: 1 }] }, true],
    ['undefined asks for nothing', {}, { a: undefined }, true],
    ['null is a value', { a: null }, { a: {} }, false],
  ])('%s', (_name, observed, desired, expected) => {
    expect(contains(observed, desired)).toBe(expected);
  });
});

describe('Applier', () => {
  const desired: KubeObject = {
    metadata: { namespace: 'n', name: 'x' },
    spec: { cpu: '1000m' },
  } as KubeObject;

  /** A server that rewrites quantities, as kube-apiserver does. */
  function server(): { api: KubeApi; writes: KubeObject[]; stored: () => KubeObject | undefined } {
    const writes: KubeObject[] = [];
    let stored: KubeObject | undefined;
    const api = {
      apply: async (_resource: unknown, object: KubeObject) => {
        writes.push(object);
        const version = { resourceVersion: String(writes.length), generation: writes.length, uid: 'u' };
        stored = {
          ...object,
          metadata: { ...object.metadata, ...version },
          spec: { cpu: '1' },
        } as KubeObject;
        return await Promise.resolve(stored);
      },
    } as unknown as KubeApi;
    return { api, writes, stored: () => stored };
  }

  it('writes once, and not again although the server shows another spelling', async () => {
    const { api, writes, stored } = server();
    const applier = new Applier(api, 'test');
    expect(await applier.apply(builtins.services, desired, undefined)).toBe(true);
    expect(await applier.apply(builtins.services, desired, stored())).toBe(false);
    expect(writes).toHaveLength(1);
  });

  it('writes again when someone else changed the object, or we want something else', async () => {
    const { api, stored } = server();
    const applier = new Applier(api, 'test');
    await applier.apply(builtins.services, desired, undefined);
    const drifted = { ...stored(), spec: { cpu: '7' }, metadata: { ...stored()?.metadata, generation: 9 } };
    expect(await applier.apply(builtins.services, desired, drifted as KubeObject)).toBe(true);
    const other = { ...desired, spec: {} } as KubeObject;
    expect(await applier.apply(builtins.services, other, stored())).toBe(true);
  });

  it('writes again when only metadata changed, which moves no generation', async () => {
    const { api, stored } = server();
    const applier = new Applier(api, 'test');
    const labelled = { ...desired, metadata: { ...desired.metadata, labels: { app: 'x' } } } as KubeObject;
    await applier.apply(builtins.services, labelled, undefined);
    expect(await applier.apply(builtins.services, labelled, stored())).toBe(false);
    const stripped = { ...stored(), metadata: { ...stored()?.metadata, labels: {} } } as KubeObject;
    expect(await applier.apply(builtins.services, labelled, stripped)).toBe(true);
  });

  it('does not write a status that is already there', async () => {
    const { api, writes } = server();
    const object = { metadata: { name: 'x' }, status: { b: 1, a: 2 } } as KubeObject;
    expect(await new Applier(api, 'test').applyStatus(builtins.services, object, { a: 2, b: 1 })).toBe(false);
    expect(await new Applier(api, 'test').applyStatus(builtins.services, object, { a: 3, b: 1 })).toBe(true);
    expect(writes).toHaveLength(1);
  });
});

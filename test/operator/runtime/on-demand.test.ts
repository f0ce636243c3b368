/** What of a kind's objects is read, and when; against a server that is a table. */
import { expect, test, vi } from 'vitest';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { builtins, Cache, OnDemand, PendingRead } from '../../../operator/runtime/index.ts';
import { silentLog } from '../../telemetry/embedded.ts';
import { soon } from '../../soon.ts';

function metadata(name: string, version: string): KubeObject {
  return { metadata: { namespace: 'ns', name, uid: name, resourceVersion: version } };
}

function bed() {
  const server = new Map<string, KubeObject>();
  const reads: string[] = [];
  let failures = 0;
  const cache = new Cache();
  const source = new OnDemand({
    api: {
      get: (_resource, { name = '' }) => {
        reads.push(name);
        if (failures-- > 0) return Promise.reject(new Error('away'));
        return Promise.resolve(server.get(name));
      },
    },
    resource: builtins.secrets,
    cache,
    log: silentLog,
    signal: new AbortController().signal,
  });
  const store = (name: string, version: string): KubeObject => {
    const object = { ...metadata(name, version), data: { version } } as KubeObject;
    server.set(name, object);
    return object;
  };
  /** As the watch tells it. */
  const seen = (name: string, version: string): void => {
    store(name, version);
    source.change({ type: 'upsert', object: metadata(name, version) });
  };
  return { source, cache, reads, seen, store, fail: (count: number) => (failures = count) };
}

test('S57: what nobody asked for is never read', async () => {
  const { source, cache, reads, seen, store } = bed();
  store('theirs', '1');
  source.change({ type: 'replace', objects: [metadata('theirs', '1'), metadata('ours', '1')] });
  store('ours', '1');
  expect(() => source.get('ns', 'ours')).toThrow(PendingRead);
  await vi.waitFor(() => expect(source.get('ns', 'ours')).toMatchObject({ data: { version: '1' } }), soon);
  seen('theirs', '2');
  expect(reads).toEqual(['ours']);
  expect(cache.size).toBe(1);
});

test('what does not exist is missing at once, and read when it comes', async () => {
  const { source, cache, seen } = bed();
  const heard: string[] = [];
  cache.onChange(({ after }) => heard.push(after?.metadata?.resourceVersion ?? 'gone'));
  expect(source.get('ns', 'later')).toBeUndefined();
  seen('later', '1');
  await vi.waitFor(() => expect(heard).toEqual(['1']), soon);
  seen('later', '2');
  await vi.waitFor(() => expect(heard).toEqual(['1', '2']), soon);
  source.change({ type: 'delete', object: metadata('later', '3') });
  expect(heard).toEqual(['1', '2', 'gone']);
  expect(source.get('ns', 'later')).toBeUndefined();
});

test('a relist that lacks it deletes it; one that knows a newer one reads that', async () => {
  const { source, seen, store } = bed();
  seen('a', '1');
  expect(() => source.get('ns', 'a')).toThrow(PendingRead);
  await vi.waitFor(() => expect(source.get('ns', 'a')).toBeDefined(), soon);
  store('a', '2');
  source.change({ type: 'replace', objects: [metadata('a', '2')] });
  await vi.waitFor(() => expect(source.get('ns', 'a')).toMatchObject({ data: { version: '2' } }), soon);
  source.change({ type: 'replace', objects: [] });
  expect(source.get('ns', 'a')).toBeUndefined();
});

test('a read that fails is tried again; until then it is pending, never missing', async () => {
  const { source, reads, seen, fail } = bed();
  fail(1);
  seen('a', '1');
  expect(() => source.get('ns', 'a')).toThrow(PendingRead);
  await vi.waitFor(() => expect(reads).toHaveLength(1), soon);
  expect(() => source.get('ns', 'a')).toThrow(PendingRead);
  await vi.waitFor(() => expect(source.get('ns', 'a')).toBeDefined(), 5_000);
});

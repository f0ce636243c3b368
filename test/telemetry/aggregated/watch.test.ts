/** Watches through the real API server: what changes is told, over a restart of ours, and as long as one may. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { until } from '../embedded.ts';
import { call, useCluster } from './cluster-bed.ts';

const bed = useCluster();
const base = '/apis/telemetry.clrk.apoxy.dev/v1alpha1';

interface Event {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly name: string; readonly resourceVersion: string };
    readonly status: { readonly phase: string };
    readonly code?: number;
  };
}

interface Watching {
  text(): string;
  events(): readonly Event[];
  stop(): Promise<void>;
  readonly ended: Promise<unknown>;
}

function watch(user: string, args: readonly string[]): Watching {
  const stop = new AbortController();
  let text = '';
  const ended = bed.api.kubectl(user, args, { signal: stop.signal, onText: (all) => (text = all) });
  return {
    text: () => text,
    events: () =>
      text
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line) as Event),
    stop: async () => {
      stop.abort();
      await ended;
    },
    ended,
  };
}

const raw = (user: string, query: string, namespace = 'team-a'): Watching =>
  watch(user, ['get', '--raw', `${base}/namespaces/${namespace}/invocations?watch=1&${query}`]);

const told = (watching: Watching, id: string): readonly string[] =>
  watching
    .events()
    .filter(({ object }) => object.metadata?.name === id)
    .map(({ type, object }) => `${type} ${object.status.phase}`);

async function versionNow(): Promise<string> {
  const list = await bed.kubectl('alice', 'get', '--raw', `${base}/namespaces/team-a/invocations?limit=1`);
  return (JSON.parse(list.stdout) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

describe('a watch', () => {
  test('kubectl get -w prints what there is, then what happens', async () => {
    const [old, id] = [randomUUID(), randomUUID()];
    await bed.record(call('team-a', old, { phase: 'Failed' }));
    const watching = watch('alice', ['get', 'inv', '-n', 'team-a', '-w']);
    await until('it prints what there is', () => watching.text().includes(old));
    await bed.record(call('team-a', id, { phase: 'Running' }));
    await until('it prints the start', () => new RegExp(`${id} +Running`).test(watching.text()));
    await bed.record(call('team-a', id, { phase: 'Succeeded' }));
    await until('it prints the end', () => new RegExp(`${id} +Succeeded`).test(watching.text()));
    await watching.stop();
    // One head, whatever came later.
    expect(watching.text().match(/^NAME/gm)).toHaveLength(1);
  });

  test('tells a call that leaves the selection as deleted, and nothing of another namespace', async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    const watching = raw('alice', 'fieldSelector=status.phase%3DRunning');
    await bed.record(call('team-a', id, { phase: 'Running' }), call('team-b', other, { phase: 'Running' }));
    await until('it is told', () => told(watching, id).length === 1);
    await bed.record(call('team-a', id, { phase: 'Timeout' }));
    await until('it is told of the end', () => told(watching, id).length === 2);
    await watching.stop();
    expect(told(watching, id)).toEqual(['ADDED Running', 'DELETED Timeout']);
    expect(told(watching, other)).toEqual([]);
  });

  test('begins with what is there and says where that ends, for clients that ask so', async () => {
    const id = randomUUID();
    await bed.record(call('team-a', id, { phase: 'Succeeded' }));
    const watching = raw(
      'alice',
      'sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan',
    );
    await until('the bookmark comes', () => watching.text().includes('initial-events-end'));
    await watching.stop();
    expect(told(watching, id)).toEqual(['ADDED Succeeded']);
    expect(watching.events().at(-1)).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
  });

  test('goes on over a restart of telemetry: what happened meanwhile is told', async () => {
    const [before, meanwhile, after] = [randomUUID(), randomUUID(), randomUUID()];
    const first = raw('alice', `resourceVersion=${await versionNow()}`);
    await bed.record(call('team-a', before, { phase: 'Succeeded' }));
    await until('it is told', () => told(first, before).length === 1);
    const { resourceVersion } =
      first.events().findLast(({ object }) => object.metadata.name === before)?.object.metadata ?? {};
    await bed.restart(async () => {
      await first.ended;
      await bed.service.publish(call('team-a', meanwhile, { phase: 'Failed' }));
    });
    await until(
      'it is served again',
      async () => (await bed.kubectl('alice', 'get', 'inv', '-n', 'team-a')).code === 0,
      60_000,
    );
    const second = raw('alice', `resourceVersion=${resourceVersion ?? ''}`);
    await bed.record(call('team-a', after, { phase: 'Succeeded' }));
    await until(
      'all of it is told',
      () => told(second, after).length === 1 && told(second, meanwhile).length === 1,
    );
    await second.stop();
    expect(told(second, meanwhile)[0]).toContain('Failed');
  }, 120_000);

  test('from too long ago nobody can go on: 410, and the list comes first', async () => {
    const old = await bed.kubectl(
      'alice',
      'get',
      '--raw',
      `${base}/namespaces/team-a/invocations?watch=1&resourceVersion=12345`,
    );
    expect(old.stderr).toMatch(/too old resource version|Expired/);
  });

  test('ends with the right it was begun with', async () => {
    const bind = [
      'create',
      'rolebinding',
      'for-a-while',
      '-n',
      'team-b',
      '--clusterrole=clrk-viewer',
      '--user=nobody',
    ];
    expect((await bed.kubectl('admin', ...bind)).code).toBe(0);
    await until(
      'he may',
      async () => (await bed.kubectl('nobody', 'get', 'inv', '-n', 'team-b')).code === 0,
      30_000,
    );
    const watching = raw('nobody', '', 'team-b');
    const id = randomUUID();
    await bed.record(call('team-b', id, { phase: 'Succeeded' }));
    await until('it is told', () => told(watching, id).length === 1);
    await bed.kubectl('admin', 'delete', 'rolebinding', 'for-a-while', '-n', 'team-b');
    await watching.ended;
  }, 60_000);

  test('of one user only so many at once', async () => {
    const many = Array.from({ length: 6 }, () => raw('bob', '', 'team-b'));
    const refused = await Promise.race(many.map((each) => each.ended));
    expect((refused as { stderr: string }).stderr).toMatch(/TooManyRequests|watch or follow 4 times/);
    await Promise.all(many.map((each) => each.stop()));
  }, 60_000);
});

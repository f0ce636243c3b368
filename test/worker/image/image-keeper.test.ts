import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PoolConfig } from '../../../contract/index.ts';
import type { ImageLease, ImageStore, PullOptions, ResolvedImage } from '../../../oci/index.ts';
import { imageError, RetryLaterError } from '../../../oci/image-error.ts';
import { ImageKeeper } from '../../../worker/image/image-keeper.ts';

/** A store that keeps who asked for what, and who holds it. */
class StandInStore implements Pick<ImageStore, 'pull' | 'acquire'> {
  readonly asked: { readonly reference: string; readonly options: PullOptions; readonly at: number }[] = [];
  leases = 0;
  answer: (reference: string, options: PullOptions) => void = () => undefined;
  readonly #rootfsPath: string;

  constructor(rootfsPath: string) {
    this.#rootfsPath = rootfsPath;
  }

  get #image(): ResolvedImage {
    const digest = `sha256:${'a'.repeat(64)}` as ResolvedImage['digest'];
    const config = { entrypoint: [], cmd: [], env: [], user: '', workingDir: '' };
    return { digest, sourceDigest: digest, rootfsPath: this.#rootfsPath, config, sizeBytes: 1 };
  }

  pull(reference: string, options: PullOptions = {}): Promise<ResolvedImage> {
    this.asked.push({ reference, options, at: Date.now() });
    return Promise.resolve().then(() => {
      this.answer(reference, options);
      return this.#image;
    });
  }

  acquire(): ImageLease {
    this.leases++;
    let held = true;
    const release = (): void => {
      if (held) this.leases--;
      held = false;
    };
    return { image: this.#image, release, [Symbol.dispose]: release };
  }
}

type Registries = PoolConfig['registries'];
interface Named {
  readonly image: string;
  readonly namespace?: string;
  readonly uid?: string;
}

function config(named: readonly Named[], registries: Registries = []): PoolConfig {
  const agents = named.map(({ image, namespace = 'team', uid = 'u1' }) => {
    const revision = { name: 'a-00001', image, env: [] };
    return { namespace, name: 'a', uid, revisions: [revision] };
  });
  return { agents, registries } as unknown as PoolConfig;
}

const revision = { name: 'a-00001', image: 'r.example/x:1', env: [] };
let home: string;
let store: StandInStore;
let keeper: ImageKeeper;
let nowMs: number;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'clrk-keeper-'));
  mkdirSync(join(home, 'etc'));
  writeFileSync(join(home, 'etc', 'passwd'), 'root:x:0:0::/root:/bin/sh\n');
  store = new StandInStore(home);
  nowMs = 0;
  keeper = new ImageKeeper({
    store: store as unknown as ImageStore,
    onChange: () => undefined,
    now: () => nowMs,
    backoffMs: { first: 5, longest: 20 },
  });
});
afterEach(() => {
  keeper.close();
  vi.useRealTimers();
  rmSync(home, { recursive: true });
});

const isReady = (): Promise<void> =>
  vi.waitFor(() => expect(keeper.ready('team', revision)).toBeDefined(), { timeout: 30_000 });

test('an image is pulled on behalf of its namespace, and its tag is pinned to the agent and revision', () => {
  keeper.apply(
    config([{ image: 'r.example/x:1' }, { image: 'r.example/x:1', namespace: 'other', uid: 'u2' }]),
  );
  expect(store.asked.map(({ options: { tenant, pin } }) => ({ tenant, pin }))).toEqual([
    { tenant: 'team', pin: 'team/u1/a-00001' },
    { tenant: 'other', pin: 'other/u2/a-00001' },
  ]);
  // A new agent of the same name is not bound to what the deleted one's tag led to.
  keeper.apply(config([{ image: 'r.example/x:1', uid: 'u3' }]));
  expect(store.asked.at(-1)?.options.pin).toBe('team/u3/a-00001');
});

test('nothing is asked before the time a registry named', async () => {
  vi.useFakeTimers();
  store.answer = () => {
    throw new RetryLaterError('REGISTRY_RATE_LIMITED', 'r.example answered 429', 60_000);
  };
  keeper.apply(config([{ image: 'r.example/x:1' }]));
  await vi.advanceTimersByTimeAsync(59_000);
  expect(store.asked).toHaveLength(1);
  expect(keeper.states()).toMatchObject({ 'team/a-00001': { state: 'Failed', reason: 'ImagePullBackOff' } });
  store.answer = () => undefined;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(store.asked).toHaveLength(2);
});

test('one that cannot be pulled does not keep the others', async () => {
  store.answer = (reference) => {
    if (reference.includes('broken')) throw imageError('IMAGE_NOT_FOUND', 'there is no such image');
  };
  keeper.apply(
    config([
      { image: 'r.example/broken', namespace: 'first' },
      { image: 'not a reference', namespace: 'second' },
      { image: 'r.example/x:1' },
    ]),
  );
  await isReady();
  expect(keeper.states()['first/a-00001']).toMatchObject({ reason: 'ImageNotFound' });
});

test('images of the first config arrive before others are left for this worker, or fail, or take too long', async () => {
  store.answer = (reference) => {
    if (reference.includes('broken')) throw imageError('IMAGE_NOT_FOUND', 'there is no such image');
  };
  expect(keeper.arriving).toBe(0);
  keeper.apply(config([{ image: 'r.example/broken', namespace: 'first' }, { image: 'r.example/x:1' }]));
  expect(keeper.arriving).toBe(2);
  await isReady();
  expect(keeper.arriving).toBe(0);
  // What is asked for later is no reason to send calls elsewhere.
  keeper.apply(config([{ image: 'r.example/x:1' }, { image: 'r.example/y:1', namespace: 'late' }]));
  expect(keeper.arriving).toBe(0);
});

test.each([
  ['two minutes later', () => void (nowMs = 120_000)],
  ['when its agent is gone', () => keeper.apply(config([]))],
])('an image under way is not waited for %s', (_when, change) => {
  keeper.apply(config([{ image: 'r.example/x:1' }]));
  nowMs = 119_999;
  expect(keeper.arriving).toBe(1);
  change();
  expect(keeper.arriving).toBe(0);
});

test('a login that changes while the first attempt is under way is the one of the next, at once', async () => {
  vi.useFakeTimers();
  store.answer = (_reference, { plainHttp }) => {
    if (plainHttp !== true) throw new RetryLaterError('REGISTRY_UNREACHABLE', 'no TLS there', 60_000);
  };
  keeper.apply(config([{ image: 'r.example/x:1' }]));
  keeper.apply(config([{ image: 'r.example/x:1' }], [{ host: 'r.example', plainHttp: true }]));
  await vi.advanceTimersByTimeAsync(100);
  expect(store.asked.map(({ options }) => options.plainHttp)).toEqual([undefined, true]);
});

test('a new login counts at once for what fails, and interrupts nothing else', async () => {
  vi.useFakeTimers();
  store.answer = (_reference, { credentials }) => {
    if (credentials?.password !== 'new') throw imageError('IMAGE_UNAUTHORIZED', 'r.example refuses');
  };
  const logins = (password: string): Registries => [
    { host: 'r.example', plainHttp: false, username: 'u', password },
  ];
  const slow = new ImageKeeper({
    store: store as unknown as ImageStore,
    onChange: () => undefined,
    now: () => nowMs,
    backoffMs: { first: 300_000, longest: 300_000 },
  });
  const named = [{ image: 'r.example/x:1' }];
  slow.apply(config(named, logins('old')));
  await vi.advanceTimersByTimeAsync(10);
  slow.apply(config(named, logins('old')));
  await vi.advanceTimersByTimeAsync(10);
  expect(store.asked).toHaveLength(1);
  slow.apply(config(named, logins('new')));
  vi.useRealTimers();
  await vi.waitFor(() => expect(slow.ready('team', revision)).toBeDefined(), { timeout: 30_000 });
  slow.apply(config(named, logins('newer')));
  expect(store.asked).toHaveLength(2);
  expect(slow.ready('team', revision)).toBeDefined();
  slow.close();
});

test('who was admitted keeps the image although its revision leaves the config', async () => {
  keeper.apply(config([{ image: 'r.example/x:1' }]));
  await isReady();
  expect(store.leases).toBe(1);
  const held = keeper.ready('team', revision)?.hold();
  keeper.apply(config([]));
  expect(store.leases).toBe(1);
  held?.[Symbol.dispose]();
  expect(store.leases).toBe(0);
});

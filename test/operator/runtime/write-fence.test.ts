/** What is written when the lease is gone: nothing, and at once. A conversation with an API that falls silent. */
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import {
  LeaderElection,
  LeaderElector,
  WriteFence,
  builtins,
  type KubeApi,
  type KubeObject,
  type LeaseSpec,
} from '../../../operator/runtime/index.ts';
import { monotonicMs } from '../../../process/index.ts';

/** Keeps one lease; when silent it answers nothing more, and only a signal ends a call. */
class SilentApi {
  lease: (KubeObject & { spec?: LeaseSpec }) | undefined;
  silent = false;
  written = 0;

  get api(): KubeApi {
    const answer = <T>(value: () => T, signal?: AbortSignal): Promise<T> =>
      this.silent
        ? new Promise((_resolve, reject) =>
            signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
          )
        : Promise.resolve(value());
    return {
      get: () => answer(() => this.lease),
      create: (_resource: unknown, object: KubeObject) => answer(() => (this.lease = object)),
      replace: (_resource: unknown, object: KubeObject) => answer(() => (this.lease = object)),
      apply: (_resource: unknown, object: KubeObject, _options: unknown, signal?: AbortSignal) =>
        answer(() => {
          this.written += 1;
          return object;
        }, signal),
    } as unknown as KubeApi;
  }
}

const times = { leaseMs: 60_000, renewDeadlineMs: 400, retryMs: 20 };
/** Between two attempts the loss is noticed by the clock alone. */
const rarely = { ...times, retryMs: 3_600_000 };
const apply = (fence: WriteFence) => fence.apply(builtins.secrets, {}, { fieldManager: 'm' });
const lost = expect.objectContaining({ code: 'LEADERSHIP_LOST' }) as unknown;

function elect(
  server: SilentApi,
  used = times,
): { readonly elector: LeaderElector; readonly fence: WriteFence } {
  const elector = new LeaderElector({
    api: server.api,
    namespace: 'n',
    name: 'l',
    identity: 'me',
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    now: monotonicMs,
    times: used,
  });
  return { elector, fence: new WriteFence(server.api) };
}

describe('writes of a replica', () => {
  test('that never led are none', async () => {
    const server = new SilentApi();
    await expect(apply(new WriteFence(server.api))).rejects.toEqual(lost);
    expect(server.written).toBe(0);
  });

  test('end with its lease, those under way too, before another can lead', async () => {
    const server = new SilentApi();
    const { elector, fence } = elect(server, rarely);
    expect(await elector.acquire()).toBe(true);
    fence.open(elector.lost);
    await apply(fence);
    expect(server.written).toBe(1);

    const other = new LeaderElection('other', times);
    other.observe(server.lease?.spec, monotonicMs());
    const held = elector.hold();
    server.silent = true;
    await expect(apply(fence)).rejects.toEqual(lost);
    expect(other.propose(monotonicMs())).toBeUndefined();
    expect(await held).toBe(true);
    // The API is back; we are not.
    server.silent = false;
    await expect(apply(fence)).rejects.toEqual(lost);
    expect(server.written).toBe(1);
  });

  test('end when another holder is seen', async () => {
    const server = new SilentApi();
    const { elector, fence } = elect(server);
    await elector.acquire();
    fence.open(elector.lost);
    const held = elector.hold();
    server.lease = { ...server.lease, spec: { holderIdentity: 'other', renewTime: 'later' } };
    expect(await held).toBe(true);
    await expect(apply(fence)).rejects.toEqual(lost);
  });
});

/** A worker with real sandboxes for agents that are restored for their runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { PoolAgent } from '../../../contract/index.ts';
import { testAgent, TestWorker, waitFor, type Answer } from '../test-worker.ts';

export const snapshot = (name: string, script: string, more: Partial<PoolAgent> = {}): PoolAgent =>
  testAgent(name, '', {
    revisions: [
      {
        ...{ name: `${name}-00001`, image: 'test/root:1', env: [] },
        command: ['/bin/bash', '-c'],
        args: [script],
      },
    ],
    ...{ warmPoolSize: 1, standby: { mode: 'Snapshot' } },
    ...more,
  });

/** An image is taken and tried out before one waits. */
const patienceMs = 60_000;

export class SnapshotBed {
  readonly worker: TestWorker;
  /** Why runs were cold. */
  readonly fallbacks: string[];

  private constructor(worker: TestWorker, fallbacks: string[]) {
    this.worker = worker;
    this.fallbacks = fallbacks;
  }

  static async open(agents: readonly PoolAgent[]): Promise<SnapshotBed> {
    const fallbacks: string[] = [];
    const onSnapshotFallback = (reason: string): void => void fallbacks.push(reason);
    return new SnapshotBed(await TestWorker.open(agents, {}, { onSnapshotFallback }), fallbacks);
  }

  /** Expects that nothing stays, and that nothing but this went wrong. */
  async close(wrong: readonly RegExp[] = []): Promise<void> {
    await this.worker.worker.close(5000);
    expect(this.worker.remains()).toEqual([]);
    expect(this.images()).toEqual([]);
    const unexpected = this.worker.errors
      .map(String)
      .filter((text) => !wrong.some((each) => each.test(text)));
    expect(unexpected).toEqual([]);
    await this.worker[Symbol.asyncDispose]();
  }

  get directory(): string {
    return join(this.worker.directory, 'run/snapshots');
  }

  /** Names of the images there are. */
  images(): readonly string[] {
    try {
      return readdirSync(this.directory);
    } catch {
      return [];
    }
  }

  /** Every byte of every image. */
  imageBytes(): Buffer {
    const files = this.images().flatMap((image) =>
      readdirSync(join(this.directory, image)).map((name) => join(this.directory, image, name)),
    );
    return Buffer.concat(files.map((file) => readFileSync(file)));
  }

  async waits(...names: readonly string[]): Promise<void> {
    const { worker } = this.worker;
    await waitFor(
      () => names.every((name) => worker.status().warm[`default/${name}-00001`] === 1),
      patienceMs,
    );
  }

  async trouble(name: string, trouble: string): Promise<void> {
    const { worker } = this.worker;
    await waitFor(() => worker.status().warmTroubles?.[`default/${name}-00001`] === trouble, patienceMs);
  }

  /** The run's own span. */
  async recordOf({ invocationId }: Answer) {
    const find = () =>
      this.worker.spans
        .getFinishedSpans()
        .find(
          ({ name, attributes }) => name === 'sandbox.invoke' && attributes['invocation.id'] === invocationId,
        );
    await waitFor(() => find() !== undefined);
    return find()?.attributes ?? {};
  }

  logged(body: string) {
    const records = this.worker.logs.getFinishedLogRecords().filter((record) => record.body === body);
    return records.map(({ attributes }) => attributes);
  }
}

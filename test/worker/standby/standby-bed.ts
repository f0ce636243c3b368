/** A worker with real sandboxes for agents that are started before their runs. */
import { expect } from 'vitest';
import type { PoolAgent } from '../../../contract/index.ts';
import { TestWorker } from '../test-worker.ts';

export class StandbyBed {
  readonly worker: TestWorker;
  /** Why those who were given no run were not. */
  readonly lost: readonly string[];

  private constructor(worker: TestWorker, lost: readonly string[]) {
    this.worker = worker;
    this.lost = lost;
  }

  static async open(agents: readonly PoolAgent[]): Promise<StandbyBed> {
    const lost: string[] = [];
    const worker = await TestWorker.open(agents, {}, { onWarmLost: (reason) => lost.push(reason) });
    return new StandbyBed(worker, lost);
  }

  /** Expects that nothing stays and nothing went wrong. */
  async close(): Promise<void> {
    await this.worker.worker.close(5000);
    expect(this.worker.remains()).toEqual([]);
    expect(this.worker.errors.map(String)).toEqual([]);
    await this.worker[Symbol.asyncDispose]();
  }

  /** One of this agent waits for its run. */
  isWarm(name: string): boolean {
    return this.worker.worker.status().warm[`default/${name}-00001`] === 1;
  }
}

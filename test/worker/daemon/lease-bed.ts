/** Keepers of one daemon as workers have them, whose instances are entries of a list. */
import { randomUUID } from 'node:crypto';
import type { DaemonRunMark } from '../../../contract/index.ts';
import { monotonicMs, type KeyedEntry, type KeyedWrite } from '../../../process/index.ts';
import { DaemonKeeper, type LeaseStore } from '../../../worker/daemon/daemon-keeper.ts';
import type { DaemonRunListener } from '../../../worker/daemon/daemon-run.ts';
import type { DaemonWant, StopReason } from '../../../worker/daemon/daemon-state.ts';

/** One store of this process. */
export class MemoryLeases implements LeaseStore {
  readonly entries = new Map<string, { readonly text: string; readonly sequence: number }>();
  #sequence = 0;
  isAway = false;

  read(key: string): Promise<KeyedEntry | undefined> {
    return Promise.resolve(this.isAway ? undefined : (this.entries.get(key) ?? { sequence: 0 }));
  }

  write(key: string, text: string, sequence: number): Promise<KeyedWrite> {
    if (this.isAway) return Promise.resolve({ kind: 'unknown' });
    if ((this.entries.get(key)?.sequence ?? 0) !== sequence) return Promise.resolve({ kind: 'lost' });
    this.#sequence += 1;
    this.entries.set(key, { text, sequence: this.#sequence });
    return Promise.resolve({ kind: 'written', sequence: this.#sequence });
  }
}

export interface Living {
  readonly worker: string;
  readonly run: DaemonRunMark;
  readonly listener: DaemonRunListener;
}

export const want = (revision = 'r1', more: Partial<DaemonWant> = {}): DaemonWant => ({
  terms: { revision, restartPolicy: 'Always', maxRestarts: 0, maxLifetimeMs: 0 },
  planKey: revision,
  ...more,
});

export class LeaseBed {
  readonly living = new Set<Living>();
  readonly stopped: StopReason[] = [];
  readonly closed: string[] = [];
  /** More than one at a time. */
  most = 0;
  readonly #keepers: DaemonKeeper[] = [];

  keep(worker: string, store: LeaseStore, wanted = want()): DaemonKeeper {
    const keeper = new DaemonKeeper(
      {
        me: { worker, id: randomUUID() },
        key: 'team-a.u',
        store,
        begin: (run, listener) => {
          const living = { worker, run, listener };
          this.living.add(living);
          this.most = Math.max(this.most, this.living.size);
          queueMicrotask(() => listener.started());
          return {
            stop: (_how, reason) => {
              if (!this.living.delete(living)) return;
              this.stopped.push(reason);
              queueMicrotask(() => listener.ended({ reason, upMs: 1_000 }));
            },
          };
        },
        closeLost: (run) => void this.closed.push(run.id),
        ...{ now: monotonicMs, unixMs: Date.now, newId: randomUUID },
        ...{ onChange: () => undefined, onRest: () => undefined },
      },
      wanted,
    );
    this.#keepers.push(keeper);
    return keeper;
  }

  get workers(): readonly string[] {
    return [...this.living].map(({ worker }) => worker);
  }

  close(): void {
    for (const keeper of this.#keepers) keeper.close();
  }
}

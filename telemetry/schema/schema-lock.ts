/**
 * One process at a time changes the schema. ClickHouse has no locks, but creating a table is atomic and fails when it is
 * there: who creates the lock table holds it, its comment says until when. A holder that died is taken over from by
 * renaming the table away, which also only one can do.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { storeNow } from '../store/store-clock.ts';
import type { Store } from '../store/store.ts';

export const lockTable = 'clrk_schema_lock';

/** A holder renews a few times in this; one that has not is gone. */
const leaseMs = 30_000;
const renewEveryMs = 5_000;
const askEveryMs = 250;

export interface SchemaLock extends AsyncDisposable {
  /** Aborts when the lock could not be renewed. */
  readonly signal: AbortSignal;
}

interface Holder {
  readonly comment: string;
  readonly now: string;
}

/** ClickHouse's clock, so that it does not matter whose is right. */
async function readHolder(
  store: Store,
): Promise<{ readonly untilMs: number; readonly nowMs: number } | undefined> {
  const [row] = await store.query<Holder>(
    `SELECT comment, toString(toUnixTimestamp64Milli(now64(3))) AS now FROM system.tables
WHERE database = currentDatabase() AND name = {name: String}`,
    { name: lockTable },
  );
  return row === undefined ? undefined : { untilMs: Number(row.comment), nowMs: Number(row.now) };
}

async function tryLock(store: Store): Promise<boolean> {
  const untilMs = (await storeNow(store)).ms + leaseMs;
  // A number we made: nothing foreign enters the statement.
  const create = `CREATE TABLE ${lockTable} (held UInt8) ENGINE = Memory COMMENT '${untilMs}'`;
  const created = await store.command(create).then(
    () => true,
    () => false,
  );
  if (created) return true;
  const holder = await readHolder(store);
  if (holder !== undefined && holder.nowMs > holder.untilMs) {
    const dead = `${lockTable}_${randomUUID().replaceAll('-', '')}`;
    await store.command(`RENAME TABLE ${lockTable} TO ${dead}`).then(
      () => store.command(`DROP TABLE IF EXISTS ${dead}`),
      () => undefined,
    );
  }
  return false;
}

/** Waits for its turn. Throws when the signal aborts, or what ClickHouse says when it cannot be asked. */
export async function lockSchema(store: Store, signal: AbortSignal): Promise<SchemaLock> {
  while (!(await tryLock(store))) await delay(askEveryMs, undefined, { signal });
  const lost = new AbortController();
  const renew = setInterval(() => {
    void storeNow(store)
      .then(({ ms }) => store.command(`ALTER TABLE ${lockTable} MODIFY COMMENT '${ms + leaseMs}'`))
      .catch(() => lost.abort());
  }, renewEveryMs);
  return {
    signal: lost.signal,
    [Symbol.asyncDispose]: async () => {
      clearInterval(renew);
      if (!lost.signal.aborted)
        await store.command(`DROP TABLE IF EXISTS ${lockTable}`).catch(() => undefined);
    },
  };
}

/** ClickHouse's clock: the one that dates and numbers rows, so that it does not matter whose is right. */
import type { Store } from './store.ts';

/** The store's own clock and the number rows get now. */
export async function storeNow(
  store: Pick<Store, 'query'>,
): Promise<{ readonly ms: number; readonly id: string }> {
  const [row] = await store.query<{ ms: string; id: string }>(
    `SELECT toString(toUnixTimestamp64Milli(now64(3))) AS ms, toString(dateTime64ToSnowflakeID(now64(3))) AS id`,
  );
  return { ms: Number(row?.ms ?? 0), id: row?.id ?? '0' };
}

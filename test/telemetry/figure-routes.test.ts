/** Routes of gateways in figures: what is cut is told as cut, and costs no more than it holds. */
import { expect, test } from 'vitest';
import { maxRoutes, readUsage } from '../../telemetry/figures/usage.ts';

const rowOf = (whose: string, route: number) => ({
  ...{ whose, route: `AIProviderRoute/a/r${String(route).padStart(6, '0')}`, requests: '1' },
});

/** Rows come by gateway, and no more than are asked for. */
function storeOf(routes: ReadonlyArray<readonly [string, number]>) {
  const rows = routes.flatMap(([whose, count]) =>
    Array.from({ length: count }, (_, nth) => rowOf(whose, nth)),
  );
  return {
    query: <T>(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<T[]> => {
      const found = sql.includes('AS route') ? rows : routes.map(([whose]) => ({ whose, requests: '1' }));
      return Promise.resolve(found.slice(0, Number(params['limit'])) as T[]);
    },
  };
}

test.each<[string, ReadonlyArray<readonly [string, number]>, ReadonlyArray<number | undefined>, boolean]>([
  [
    'all are told',
    [
      ['a/g', 2],
      ['b/none', 0],
      ['b/x', maxRoutes - 2],
    ],
    [2, 0, maxRoutes - 2],
    false,
  ],
  [
    'nobody behind the cut has none',
    [
      ['a/g', 2],
      ['b/many', maxRoutes],
      ['c/x', 3],
    ],
    [2, undefined, undefined],
    true,
  ],
  [
    'nor has who begins at it',
    [
      ['a/g', maxRoutes],
      ['b/x', 1],
    ],
    [maxRoutes, undefined],
    true,
  ],
])('%s', async (_title, routes, counts, isCut) => {
  const page = await readUsage(storeOf(routes), 'egressgatewaymetrics', { nowMs: 0 });
  expect(page.objects.map((each) => each.routes?.length)).toEqual(counts);
  expect(page.isCut).toBe(isCut);
});

/** Who may use an id: the first, and who that is when the stream answers slowly, twice or not at all. */
import { describe, expect, test } from 'vitest';
import { IdClaims } from '../../ingress/id-claim.ts';
import { invocation } from '../telemetry/invocation-fixture.ts';

const pending = (id: string) => invocation(id, { phase: 'Pending' });

describe('an id', () => {
  test.each([
    ['is new', () => Promise.resolve({ duplicate: false }), 'first'],
    ['was used elsewhere', () => Promise.resolve({ duplicate: true }), 'used'],
    ['cannot be claimed', () => Promise.reject(new Error('away')), 'doubt'],
  ])('that %s', async (_name, publish, expected) => {
    expect(await new IdClaims(publish).claim(pending('a'))).toBe(expected);
  });

  test('whose claim was in doubt can be claimed again, by whom the stream lets', async () => {
    let answer = (): Promise<{ duplicate: boolean }> => Promise.reject(new Error('away'));
    const claims = new IdClaims(() => answer());
    expect(await claims.claim(pending('a'))).toBe('doubt');
    answer = () => Promise.resolve({ duplicate: false });
    expect(await claims.claim(pending('a'))).toBe('first');
  });

  test('that was claimed here is refused without asking, while the first claim is under way too', async () => {
    let asked = 0;
    let store = (_stored: { duplicate: boolean }): void => undefined;
    const claims = new IdClaims(() => {
      asked += 1;
      return new Promise((resolve) => (store = resolve));
    });
    const first = claims.claim(pending('a'));
    expect(await claims.claim(pending('a'))).toBe('used');
    store({ duplicate: false });
    expect(await first).toBe('first');
    expect(await claims.claim(pending('a'))).toBe('used');
    expect(asked).toBe(1);
  });
});

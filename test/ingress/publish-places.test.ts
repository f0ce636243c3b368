/** Places of events being published: strangers fill them, and whoever comes next gets one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../ingress/limits.ts';
import { PublishPlaces, type PublishPlace } from '../../ingress/publish-places.ts';

const {
  publishing,
  publishing: { momentMs },
} = limits;

class Door {
  readonly places = new PublishPlaces(publishing);
  readonly left: string[] = [];
  now = 0;

  take(namespace: string, peer: string): PublishPlace | undefined {
    return this.places.take({ namespace, peer }, this.now, () => this.left.push(peer));
  }

  fill(count: number, namespace: string, peer: (index: number) => string): void {
    for (let index = 0; index < count; index += 1) this.take(namespace, peer(index));
  }
}

describe('places of publishers', () => {
  test.each<[string, (index: number) => string]>([
    ['one address', () => 'evil'],
    ['two addresses', (index) => `evil${index % 2}`],
    ['an address each', (index) => `evil${index}`],
  ])('of a namespace whose door strangers fill from %s: another gets in', (_name, peer) => {
    const door = new Door();
    door.fill(500, 'shop', peer);
    expect(door.places.taken).toBeLessThanOrEqual(publishing.namespace);
    const before = door.left.length;
    expect(door.take('shop', 'honest')).toBeDefined();
    expect(door.left.slice(before)).not.toContain('honest');
  });

  test('strangers who fill all of them in many namespaces keep no other namespace’s publisher out', () => {
    const door = new Door();
    for (let index = 0; index < 1_000; index += 1) door.take(`ns${index % 20}`, `evil${index % 40}`);
    expect(door.places.taken).toBe(publishing.total);
    expect(door.take('cellar', 'honest')).toBeDefined();
  });

  test('one tenant behind a proxy leaves room there for another', () => {
    const door = new Door();
    door.fill(500, 'evil', () => 'proxy');
    expect(door.places.taken).toBe(publishing.pair);
    expect([door.take('good', 'proxy') !== undefined, door.left]).toEqual([true, []]);
  });

  test('of one peer: a body that has had its moment goes for another, one that has just begun does not', () => {
    const door = new Door();
    door.fill(publishing.pair, 'shop', () => 'proxy');
    expect([door.take('shop', 'proxy'), door.left]).toEqual([undefined, []]);
    door.now = momentMs;
    expect(door.take('shop', 'proxy')).toBeDefined();
    expect(door.left).toEqual(['proxy']);
  });

  test('whose body is here keeps its place', () => {
    const door = new Door();
    const held = Array.from({ length: publishing.namespace }, (_, index) => door.take('shop', `a${index}`));
    for (const place of held) place?.settle();
    door.now = 1e9;
    expect([door.take('shop', 'b'), door.left]).toEqual([undefined, []]);
    held[0]?.free();
    expect(door.take('shop', 'b')).toBeDefined();
  });

  test('property: no share is ever over its bound, and nothing is left when all went', () => {
    const small = { total: 6, namespace: 4, peer: 4, pair: 2, momentMs: 3 };
    const step = fc.record({ namespace: fc.nat(2), peer: fc.nat(4), ms: fc.nat(2), next: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const places = new PublishPlaces(small);
        const held = new Map<PublishPlace, string>();
        let now = 0;
        for (const { namespace, peer, ms, next } of steps) {
          now += ms;
          const taker = { namespace: `n${namespace}`, peer: `p${peer}` };
          const left: { place?: PublishPlace } = {};
          const own = places.take(taker, now, () => left.place && held.delete(left.place));
          if (own !== undefined) left.place = own;
          if (own !== undefined) held.set(own, `n${namespace} p${peer}`);
          if (next === 0) own?.settle();
          if (next === 1 && own !== undefined) {
            own.free();
            own.free();
            held.delete(own);
          }
          expect(places.taken).toBe(held.size);
          const count = (is: (key: string) => boolean): number => [...held.values()].filter(is).length;
          expect(held.size).toBeLessThanOrEqual(small.total);
          expect(count((key) => key.startsWith(`n${namespace} `))).toBeLessThanOrEqual(small.namespace);
          expect(count((key) => key.endsWith(` p${peer}`))).toBeLessThanOrEqual(small.peer);
          expect(count((key) => key === `n${namespace} p${peer}`)).toBeLessThanOrEqual(small.pair);
        }
        for (const place of held.keys()) place.free();
        expect(places.taken).toBe(0);
      }),
    );
  });
});

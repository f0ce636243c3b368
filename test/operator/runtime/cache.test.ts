/** What a cache lists: always what is there, in order, and the same list for who asks again. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cache } from '../../../operator/runtime/cache.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';

const spaces = ['a', 'b'];
const object = fc.record({ space: fc.constantFrom(...spaces), name: fc.constantFrom('x', 'y', 'z') });
const step = fc.oneof(
  fc.record({ type: fc.constant('upsert' as const), object }),
  fc.record({ type: fc.constant('delete' as const), object }),
  fc.record({ type: fc.constant('replace' as const), objects: fc.array(object, { maxLength: 4 }) }),
);

test('property: a list is of the objects there are, by key, whatever was listed before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const cache = new Cache();
      const model = new Map<string, string>();
      let version = 0;
      const made = ({ space, name }: { space: string; name: string }): KubeObject => {
        version += 1;
        return { metadata: { namespace: space, name, uid: name, resourceVersion: String(version) } };
      };
      const put = (given: KubeObject): KubeObject => {
        const { namespace = '', name = '', resourceVersion = '' } = given.metadata ?? {};
        model.set(`${namespace}/${name}`, resourceVersion);
        return given;
      };
      for (const each of steps) {
        if (each.type === 'upsert') cache.change({ type: 'upsert', object: put(made(each.object)) });
        else if (each.type === 'delete') {
          model.delete(`${each.object.space}/${each.object.name}`);
          cache.change({ type: 'delete', object: made(each.object) });
        } else {
          model.clear();
          cache.change({ type: 'replace', objects: each.objects.map((one) => put(made(one))) });
        }
        for (const space of [undefined, ...spaces]) {
          const expected = [...model]
            .filter(([key]) => key.startsWith(space ?? ''))
            .sort(([a], [b]) => (a < b ? -1 : 1));
          const listed = cache.list(space).map(({ metadata }) => metadata);
          expect(listed.map((one) => [`${one?.namespace}/${one?.name}`, one?.resourceVersion])).toEqual(
            expected,
          );
        }
      }
    }),
  );
});

test('a list is the same one until an object of it changes', () => {
  const cache = new Cache();
  const bring = (namespace: string, resourceVersion: string): void =>
    cache.change({
      type: 'upsert',
      object: { metadata: { namespace, name: 'x', uid: 'u', resourceVersion } },
    });
  bring('a', '1');
  bring('b', '1');
  const [all, ofA] = [cache.list(), cache.list('a')];
  bring('a', '1');
  expect(cache.list()).toBe(all);
  bring('b', '2');
  expect(cache.list()).not.toBe(all);
  expect(cache.list('a')).toBe(ofA);
});

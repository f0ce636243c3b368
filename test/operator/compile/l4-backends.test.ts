/** Backends of EgressL4Routes in the gateway's document: a rule of which none is there opens nothing. */
import { expect, test } from 'vitest';
import { TestWorld } from '../compiled-world.ts';
import { gateway, manifest } from '../manifest.ts';

const place = manifest('Backend', 'place', { upstream: { host: '10.1.2.3', port: 5432 } });
const unchanged = { schema: '', modelRewrites: [], ensureStreamUsage: false };

test.each<[string, object[] | undefined, object[]]>([
  ['none', undefined, [{}]],
  ['an address', [{ name: 'place' }], [{ name: 'place', weight: 1, host: '10.1.2.3', port: 5432 }]],
  [
    'one of two',
    [{ name: 'gone' }, { name: 'place', weight: 3 }],
    [{ name: 'place', weight: 3, host: '10.1.2.3', port: 5432 }],
  ],
  ['none that is there', [{ name: 'gone' }], []],
  ['of another namespace', [{ name: 'place', namespace: 'other' }], []],
])('%s', (_name, backendRefs, expected) => {
  const match = { destinationHostnames: ['db.example.com'] };
  const rules = [{ matches: [match], ...(backendRefs === undefined ? {} : { backendRefs }) }];
  const route = manifest('EgressL4Route', 'db', { parentRefs: [{ name: 'g' }], rules });
  const compiled = new TestWorld([gateway, place, route]).gateway()?.destinations.rules ?? [];
  const places = compiled.flatMap(({ backends }) => backends ?? [{}]);
  expect(places).toEqual(expected.map((each) => ('name' in each ? { ...each, ...unchanged } : each)));
});

/** One object, however wrong, harms itself alone: the others are compiled, it is set aside and told what to write. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kinds as definitions } from '../../api/index.ts';
import { childName } from '../../contract/index.ts';
import { kinds } from '../../operator/kind.ts';
import { judgeObject, reportMalformed } from '../../operator/malformed.ts';
import { ApiError, Sieve, type KubeObject, type Resource } from '../../operator/runtime/index.ts';
import { TestWorld } from './compiled-world.ts';
import { agent, backend, gateway, l4Route, manifest, policy, pool, providerRoute } from './manifest.ts';

const deny = manifest('EgressDenyPolicy', 'deny', {
  targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'openai' }],
});
const mcp = manifest('MCPRoute', 'mcp', { parentRefs: [{ name: 'g' }], hostnames: ['mcp.example.com'] });
const logging = manifest('LoggingPolicy', 'quiet', { captureRequest: false });
const daemon = manifest('DaemonAgent', 'd', { template: { spec: { image: 'x/y:1' } }, workerPoolRef: 'p' });
const samples = [pool, gateway, providerRoute, l4Route, agent(), backend, policy, deny, mcp, logging, daemon];
const honest = [pool, gateway, providerRoute, l4Route, agent(), backend, policy];

const named = (object: KubeObject, name: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, name, uid: name },
});
const withSpec = (object: KubeObject, spec: unknown): KubeObject => ({ ...object, spec }) as KubeObject;
const resourceOf = (object: KubeObject): Resource => {
  const found = Object.values(kinds).find(({ kind }) => kind === object.kind);
  if (found === undefined) throw new Error('unknown kind');
  return found;
};
const problemOf = (object: KubeObject): string | undefined =>
  judgeObject(resourceOf(object), object)?.problem;
let deep: unknown = 1;
for (let depth = 0; depth < 9_000; depth += 1) deep = [deep];

const wrong: readonly unknown[] = [null, 5, 'x'.repeat(5_000), [], [null], {}, { a: null }, deep];

/** Every place in a value, as a path. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (value === null || typeof value !== 'object') return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))];
}

function replaced(value: unknown, [first, ...rest]: readonly string[], by: unknown): unknown {
  if (first === undefined) return by;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[first] = replaced(copy[first], rest, by);
  return copy;
}

describe('a malformed object', () => {
  it.each(samples.map((object) => [object.kind ?? '', object] as const))(
    'a good %s is taken',
    (_kind, object) => {
      expect(problemOf(object)).toBeUndefined();
    },
  );

  it.each([
    ['no spec', withSpec(agent(), undefined), 'spec: Required value'],
    [
      'null in a list',
      withSpec(agent(), { ...specOf(agent()), egressRefs: [null] }),
      'spec.egressRefs[0]: must be of type object',
    ],
    ['no template', withSpec(agent(), { workerPoolRef: 'p' }), 'spec.template: Required value'],
    [
      'a number for a text',
      withSpec(agent(), { ...specOf(agent()), timeout: 5 }),
      'spec.timeout: must be of type string',
    ],
    [
      'an input that is too large',
      withSpec(agent(), { ...specOf(agent()), scheduleInput: { a: 'x'.repeat(70_000) } }),
      'spec.scheduleInput: Too long',
    ],
    [
      'an input that is too deep',
      withSpec(agent(), { ...specOf(agent()), scheduleInput: deep }),
      'nested too deeply',
    ],
    ['a name too long for its Service', named(agent(), 'a'.repeat(59)), 'at most 58'],
    ['a name with a dot', named(agent(), 'a.b'), 'no dots'],
  ])('%s is said', (_what, object, said) => {
    expect(problemOf(object)).toContain(said);
  });

  it('harms nobody else, whatever is wrong with it', () => {
    const place = fc.constantFrom(...samples).chain((object) =>
      fc.record({
        object: fc.constant(object),
        path: fc.constantFrom(...placesOf(specOf(object))),
        // By number: the report of a failure would not survive the deep one.
        by: fc.nat({ max: wrong.length - 1 }),
      }),
    );
    fc.assert(
      fc.property(place, ({ object, path, by }) => {
        const bad = withSpec(named(object, 'bad'), replaced(specOf(object), path, wrong[by]));
        const world = new TestWorld([...honest, bad]);
        expect(world.pool()?.agents.map(({ name }) => name)).toContain('hello');
        expect(world.shard().document.agents.map(({ name }) => name)).toContain('hello');
        expect(world.gateway()?.providerRoutes.map(({ route }) => route.name)).toContain('openai');
        expect(world.gateway()?.credentials.map((each) => each.policy.name)).toContain('key');
      }),
      { numRuns: 400 },
    );
  });

  it('a policy that only forbids goes on forbidding what of its targets can be read', () => {
    const badDeny = withSpec(named(deny, 'bad'), { ...specOf(deny), denyResponse: 7 });
    expect(new TestWorld([...honest, badDeny]).gateway()?.providerDenials).toMatchObject([
      { route: { name: 'openai' }, answer: { status: 403, policy: { name: 'bad' } } },
    ]);
    const badKey = withSpec(policy, { ...specOf(policy), secretRef: [null] });
    expect(new TestWorld([...honest, badKey]).gateway()?.credentials).toMatchObject([
      { inject: { type: 'Broken' } },
    ]);
  });

  it('is set aside too where judging it fails: the watch goes on', () => {
    const sieve = new Sieve(() => {
      throw new RangeError('too deep');
    });
    const taken: object[] = [];
    sieve
      .before(kinds.taskAgent, { change: (change) => void taken.push(change) })
      .change({ type: 'replace', objects: [agent()] });
    expect(taken).toEqual([{ type: 'replace', objects: [] }]);
    expect(sieve.misfit(kinds.taskAgent, 'default/hello')?.problem).toBe('it cannot be read: too deep');
  });

  it('comes back as soon as it is mended', () => {
    const world = new TestWorld([...honest, withSpec(named(agent(), 'bad'), null)]);
    expect(world.pool()?.agents).toHaveLength(1);
    expect(world.sieve.misfit(kinds.taskAgent, 'default/bad')?.problem).toContain('spec');
    world.bring({ ...named(agent(), 'bad'), metadata: { ...named(agent(), 'bad').metadata, generation: 2 } });
    expect(world.pool()?.agents).toHaveLength(2);
    expect(world.sieve.misfit(kinds.taskAgent, 'default/bad')).toBeUndefined();
  });

  it('is told so in its status, and as an Event where the API server refuses that too', async () => {
    const written: object[] = [];
    const events: string[] = [];
    const report = async (refuse: boolean): Promise<void> => {
      const applier = {
        applyStatus: async (_resource: Resource, _object: KubeObject, status: object) => {
          if (refuse) throw new ApiError(422, 'Invalid', 'no');
          written.push(status);
          return true;
        },
      };
      const recorder = {
        record: (_r: unknown, _o: unknown, note: { note: string }) => void events.push(note.note),
      };
      const context = { applier, events: recorder, now: () => 0 } as unknown as Parameters<
        typeof reportMalformed
      >[0];
      const object = { ...agent(), status: { conditions: [null, 'x'] } };
      await reportMalformed(context, kinds.taskAgent, { object, problem: 'spec.image: Required value' });
    };
    await report(false);
    await report(true);
    expect(written).toMatchObject([
      {
        conditions: [
          { type: 'Ready', status: 'False', reason: 'InvalidObject' },
          { type: 'Stalled', status: 'True' },
        ],
      },
    ]);
    expect(events).toEqual([expect.stringContaining('kubectl explain taskagents.spec')]);
  });
});

describe('the longest name a CRD takes', () => {
  const longest = (kind: string): number =>
    definitions.find((each) => each.kind === kind)?.name?.maxLength ?? 0;
  it.each([
    ['TaskAgent', childName.agentService],
    ['WorkerPool', childName.poolWorkers],
    ['EgressGateway', childName.gateway],
  ] as const)('%s leaves a Service name of 63', (kind, derive) => {
    expect(derive('x'.repeat(longest(kind)))).toHaveLength(63);
  });

  it('DaemonAgent leaves a revision name, also of a late generation', () => {
    expect(childName.revision('x'.repeat(longest('DaemonAgent')), 10 ** 10 - 1).length).toBeLessThanOrEqual(
      253,
    );
  });
});

function specOf(object: KubeObject): object {
  return (object as { readonly spec?: object }).spec ?? {};
}

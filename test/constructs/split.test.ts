/** What one object has no room for is in several, within the bounds of the schema, and nothing that is there moves. */
import { App, Chart } from 'cdk8s';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reach } from '../../cli/testing/index.ts';
import {
  AIProviderRoute,
  AgentStack,
  Budget,
  Credential,
  EgressDenyPolicy,
  EgressGateway,
  EgressL4Route,
  FallbackRoutingPolicy,
  MCPRoute,
  Rate,
  RateLimitPolicy,
  Tools,
} from '../../constructs/index.ts';
import { splitMatch } from '../../constructs/match-split.ts';
import { errorsOf, synth, type Synthesized } from './chart.ts';

const hosts = (count: number): string[] => Array.from({ length: count }, (_, each) => `h${each}.example.com`);
const models = (count: number): string[] => Array.from({ length: count }, (_, each) => `model-${each}`);

function made(build: (chart: Chart, gateway: EgressGateway) => unknown): Synthesized[] {
  const chart = new Chart(new App(), 'test', { namespace: 'test' });
  build(chart, new EgressGateway(chart, 'g'));
  return synth(chart);
}

const namesOf = (objects: readonly Synthesized[], kind: string): string[] =>
  objects.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);

describe('hosts and addresses', () => {
  test.each([32, 33, 512, 513, 1_100])('%d hosts fit the schema and are all open', (count) => {
    const stack = new AgentStack(new App(), 's', { image: 'r/a:1', namespace: 'test', hosts: hosts(count) });
    const objects = synth(stack);
    expect(errorsOf(objects)).toEqual([]);
    expect(namesOf(objects, 'EgressL4Route')).toHaveLength(Math.ceil(count / 512));
    expect(reach(stack).agents.flatMap((each) => each.places)).toHaveLength(count);
  });

  test('one more at the end changes the last object only, and renames none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_200 }), fc.boolean(), (count, oneByOne) => {
        const build = (all: readonly string[]) => (_: Chart, gateway: EgressGateway) => {
          if (oneByOne) for (const host of all) gateway.allowHost(host);
          else gateway.allowHosts(all);
        };
        const before = made(build(hosts(count)));
        const after = made(build(hosts(count + 1)));
        const changed = before.filter(
          (object, index) => JSON.stringify(object) !== JSON.stringify(after[index]),
        );
        expect(changed.length).toBeLessThanOrEqual(1);
        expect(after.slice(0, before.length).map(({ metadata }) => metadata)).toEqual(
          before.map(({ metadata }) => metadata),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('further objects are named after the first, with its labels and gateways', () => {
    const metadata = { name: 'open', labels: { team: 'a' } };
    const objects = made((chart, gateway) => {
      const route = new EgressL4Route(chart, 'x', {
        gateways: [gateway],
        metadata,
        matches: [{ hosts: hosts(600) }],
      });
      route.addGateway(new EgressGateway(chart, 'second'));
    });
    const routes = objects.filter(({ kind }) => kind === 'EgressL4Route');
    expect(routes.map((each) => each.metadata)).toEqual([
      { ...metadata, namespace: 'test' },
      { ...metadata, name: 'open-02', namespace: 'test' },
    ]);
    expect(new Set(routes.map(({ spec }) => JSON.stringify(spec['parentRefs']))).size).toBe(1);
  });

  test('a name that is taken is told', () => {
    expect(() =>
      made((chart, gateway) => {
        gateway.allowHosts(hosts(600));
        new EgressL4Route(chart, 'other', {
          gateways: [gateway],
          metadata: { name: 'g-hosts-02' },
          matches: [{ hosts: ['a.example.com'] }],
        });
      }),
    ).toThrow('EgressL4Route "g-hosts-02" is also made by');
  });

  test('addresses, rules of other conditions and ports are split too', () => {
    const objects = made((_, gateway) => {
      gateway.allowCidrs(
        Array.from({ length: 40 }, (_each, each) => `10.${each}.0.0/16`),
        { ports: Array.from({ length: 70 }, (_each, each) => each + 1) },
      );
      for (let port = 1; port <= 40; port += 1) gateway.allowHost('a.example.com', { ports: [port] });
    });
    expect(errorsOf(objects)).toEqual([]);
    expect(namesOf(objects, 'EgressL4Route')).toEqual(['g-cidrs', 'g-hosts', 'g-hosts-02', 'g-hosts-03']);
  });

  test.each(['hosts', 'cidrs'] as const)('no ports are not every port: %s', (what) => {
    expect(() =>
      made((_, gateway) =>
        what === 'hosts'
          ? gateway.allowHosts(['a.example.com'], { ports: [] })
          : gateway.allowCidrs(['10.0.0.0/8'], { ports: [] }),
      ),
    ).toThrow('ports are empty');
  });
});

describe('models', () => {
  test.each([33, 512, 513])('%d models fit, with the key on every object', (count) => {
    const objects = made((_, gateway) => {
      const credential = Credential.bearer({ name: 'k' });
      gateway.allowProvider('openai', { models: models(count), credential });
      gateway.denyProvider('openai', { models: models(count).map((each) => `${each}-audio`) });
    });
    expect(errorsOf(objects)).toEqual([]);
    const routes = namesOf(objects, 'AIProviderRoute');
    expect(routes).toHaveLength(2);
    const targeted = objects.flatMap(({ spec }) => (spec['targetRefs'] ?? []) as { name: string }[]);
    expect(targeted.map(({ name }) => name).toSorted()).toEqual(routes.toSorted());
    const named = objects
      .filter(({ metadata }) => /^g-openai(-\d+)?$/.test(metadata.name))
      .flatMap(({ spec }) => spec['rules'] as { matches: { models: string[] }[] }[])
      .flatMap(({ matches }) => matches.flatMap((match) => match.models));
    expect(named).toEqual(models(count));
  });

  test('rules of one outcome continue in another object; those of several need their order', () => {
    const objects = made((_, gateway) => {
      const credential = Credential.bearer({ name: 'k' });
      for (const model of models(20)) gateway.allowProvider('openai', { models: [model], credential });
    });
    const [policy] = objects.filter(({ kind }) => kind === 'CredentialInjectionPolicy');
    expect(policy?.spec['targetRefs']).toMatchObject([{ name: 'g-openai' }, { name: 'g-openai-02' }]);
    expect(namesOf(objects, 'AIProviderRoute')).toEqual(['g-openai', 'g-openai-02']);
    expect(() =>
      made((_, gateway) => {
        for (const [index, model] of models(20).entries()) {
          gateway.allowProvider('openai', { models: [model], budget: Budget.perDay(index + 1) });
        }
      }),
    ).toThrow('[test/g/openai] has 20 rules of several outcomes, at most 16 fit in an order');
  });

  test('a limit that several rules would each count is refused, a shared one is not', () => {
    const allow = (budget: Budget) =>
      made((_, g) => g.allowProvider('openai', { models: models(600), budget }));
    expect(() => allow(Budget.perDay(1))).toThrow('each of several would count alone');
    expect(errorsOf(allow(Budget.perDay(1).sharedAs('team')))).toEqual([]);
    expect(() =>
      made((chart, g) => {
        const rateLimit = new RateLimitPolicy(chart, 'slow', { rate: Rate.perMinute(1) });
        g.allowProvider('openai', { models: models(600), rateLimit });
      }),
    ).toThrow('each of several would count alone');
  });

  test.each(['models', 'endpoints'] as const)('no %s are not every one', (field) => {
    expect(() => made((_, g) => g.allowProvider('openai', { [field]: [] }))).toThrow(`${field} are empty`);
    expect(() => made((_, g) => g.denyProvider('openai', { [field]: [] }))).toThrow(`${field} are empty`);
  });
});

describe('MCP servers and tools', () => {
  test('hosts continue in another object with the rules of the first; a counted rule cannot', () => {
    const build = (tools: Tools) =>
      made((chart, gateway) => {
        const credential = Credential.bearer({ name: 'k' });
        new MCPRoute(chart, 'm', { gateways: [gateway], hosts: hosts(40), rules: [{ tools }], credential });
      });
    const objects = build(Tools.allow('get_*'));
    expect(errorsOf(objects)).toEqual([]);
    expect(namesOf(objects, 'MCPRoute')).toEqual(['m', 'm-02', 'm-03']);
    expect(() => build(Tools.allow('get_*').atMost(3))).toThrow('has a limit over 40 hosts, at most 16 fit');
  });

  test('denied tools are split over matches and rules', () => {
    const tools = Array.from({ length: 500 }, (_, each) => `tool_${each}`);
    const objects = made((_, gateway) => {
      gateway.allowMcp('mcp.example.com');
      gateway.denyTools('mcp.example.com', tools);
    });
    expect(errorsOf(objects)).toEqual([]);
    const [denied] = objects.filter(({ metadata }) => metadata.name.includes('denied'));
    const rules = denied?.spec['rules'] as { matches: { tools: string[] }[] }[];
    expect(rules.flatMap(({ matches }) => matches.flatMap((match) => match.tools))).toEqual(tools);
  });

  test('more allowed tools than one policy holds are refused where they are written', () => {
    const names = Array.from({ length: 33 }, (_, each) => `t${each}`);
    expect(() => Tools.allow(...names)).toThrow('allowedTools has 33 entries, at most 32 fit');
    expect(() => made((_, g) => g.allowMcp('mcp.example.com').addRule({ matches: [{ tools: [] }] }))).toThrow(
      'tools are empty',
    );
  });
});

describe('targets of a policy', () => {
  test('continue in another policy that says the same', () => {
    const objects = made((chart, gateway) => {
      const policy = new EgressDenyPolicy(chart, 'p', { statusCode: 451 });
      for (const host of hosts(17)) {
        const id = host.split('.')[0] ?? '';
        policy.addTarget(new EgressL4Route(chart, id, { gateways: [gateway], matches: [{ hosts: [host] }] }));
      }
    });
    expect(errorsOf(objects)).toEqual([]);
    const policies = objects.filter(({ kind }) => kind === 'EgressDenyPolicy');
    expect(policies.map(({ metadata }) => metadata.name)).toEqual(['p', 'p-02']);
    expect(policies.map(({ spec }) => (spec['targetRefs'] as unknown[]).length)).toEqual([16, 1]);
    expect(policies[1]?.spec['denyResponse']).toEqual({ statusCode: 451 });
  });

  test('are all objects of a route, those made later too', () => {
    const objects = made((chart, gateway) => {
      const route = new AIProviderRoute(chart, 'r', { gateways: [gateway] });
      new FallbackRoutingPolicy(chart, 'f', { targets: [AIProviderRoute.fromName('x')] }).addTarget(
        AIProviderRoute.fromName('y'),
      );
      new EgressDenyPolicy(chart, 'd', { targets: [route] });
      for (const model of models(20)) route.addRule({ matches: [{ provider: 'openai', models: [model] }] });
    });
    const deny = objects.find(({ kind }) => kind === 'EgressDenyPolicy');
    expect(deny?.spec['targetRefs']).toMatchObject([{ name: 'r' }, { name: 'r-02' }]);
  });
});

test('a match split is the match: each combination of values is in one of its pieces, and none else', () => {
  const values = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(
      fc.record({ a: values, b: values, c: fc.string() }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      (match, a, b) => {
        const pieces = splitMatch(match, { a, b });
        const pairs = (each: { a: number[]; b: number[] }): string[] =>
          each.a.flatMap((left) => each.b.map((right) => `${left} ${right}`));
        expect(pieces.flatMap(pairs).toSorted()).toEqual(pairs(match).toSorted());
        expect(pieces.every((each) => each.a.length <= a && each.b.length <= b && each.c === match.c)).toBe(
          true,
        );
      },
    ),
  );
});

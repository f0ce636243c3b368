/** Rules over the arguments of tools: what they let pass, what has no answer, and what is not taken as a rule at all. */
import fc from 'fast-check';
import { evaluate } from '@marcbachmann/cel-js';
import { describe, expect, test } from 'vitest';
import type { ArgumentRule } from '../../../contract/index.ts';
import { faultOfArgumentExpression, McpAnswers, type RpcMessage } from '../../../decision/index.ts';
import { compileArgumentExpression } from '../../../decision/mcp/argument-expression.ts';
import { compileMcpRoute } from '../../../decision/mcp/compiled-route.ts';
import { judgeMessage } from '../../../decision/mcp/judge.ts';
import { planMcp } from '../../../decision/mcp/plan.ts';
import { site } from '../asking.ts';

const anything = { servers: [], tools: [], toolsRegex: [], resources: [], methods: [] };
const names = { allowedTools: [], allowedToolsRegex: [], deniedTools: [], deniedToolsRegex: [] };

function planOf(...rules: ReadonlyArray<Partial<ArgumentRule> & Pick<ArgumentRule, 'expression'>>) {
  const argumentRules = rules.map((rule) => ({
    tools: [],
    toolsRegex: [],
    action: 'Allow' as const,
    ...rule,
  }));
  const policy = { ...names, requireConfirmation: [], rateLimits: [], argumentRules };
  const route = compileMcpRoute({
    route: { namespace: 'default', name: 'tools' },
    hostnames: ['mcp.example.com'],
    rules: [{ matches: [anything], toolPolicies: [policy], unsupported: [] }],
  });
  const unread = { defaultPolicy: 'deny-all' as const, rules: [], platformCidrs: [] };
  const plan = planMcp({ mcpRoutes: [route], unread }, site('mcp.example.com'));
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

const calling = (name: string, text: string | undefined): RpcMessage => ({
  ...{ method: 'tools/call', id: 1, params: { name } },
  ...(text === undefined ? {} : { arguments: { text, digest: 'd' } }),
});
const verdict = (plan: ReturnType<typeof planOf>, text: string | undefined, tool = 'send_mail'): string => {
  const { refusal } = judgeMessage(plan, calling(tool, text));
  return refusal === undefined ? 'pass' : `${refusal.status} ${refusal.message.replace(/^.*?: /, '')}`;
};

const toOurs = 'arguments.to.all(x, x.endsWith("@example.com"))';
const noAnswer = '403 its rule has no answer about them';
const refused = '403 the tool "send_mail" is not allowed by the MCPRoute with these arguments';
const otherwise = '403 a member is spelled in another way than its rule has it';

describe('a call of a tool under a rule', () => {
  test.each([
    ['that holds', '{"to":["a@example.com"]}', 'pass'],
    ['that does not hold', '{"to":["a@example.com","b@evil.test"]}', refused],
    ['about a member that is missing', '{}', noAnswer],
    ['about a member of another type', '{"to":"a@example.com"}', noAnswer],
    ['without arguments', undefined, noAnswer],
    [
      'S46: with a member twice',
      '{"to":["b@evil.test"],"to":["a@example.com"]}',
      '403 a member is there twice',
    ],
    ['S46: with a member twice, deep', '{"to":[],"o":{"a":1,"\\u0061":2}}', '403 a member is there twice'],
    [
      'S46: with a member spelled in another case',
      '{"to":["a@example.com"],"To":["b@evil.test"]}',
      otherwise,
    ],
    ['S46: with a member in full width', '{"to":["a@example.com"],"ｔo":["b@evil.test"]}', otherwise],
    ['with a number that is rounded', '{"to":[],"n":9007199254740993}', /larger than every server reads/],
    ['with half a character', '{"to":["\\ud800@example.com"]}', '403 a text in them is no Unicode'],
    ['with a list in their place', '[]', '403 they are no object'],
    ['with names of prototypes', '{"to":["a@example.com"],"__proto__":{"to":["b@evil.test"]}}', 'pass'],
  ])('%s', (_title, text, expected) => {
    const found = verdict(planOf({ expression: toOurs }), text);
    if (typeof expected === 'string') expect(found).toBe(expected);
    else expect(found).toMatch(expected);
  });

  test('that is too long to be kept', () => {
    const message = { ...calling('send_mail', ''), arguments: { text: undefined, digest: 'd' } };
    expect(judgeMessage(planOf({ expression: toOurs }), message).refusal?.message).toMatch(/too long/);
  });

  test('that denies: refused where it holds, and where it has no answer', () => {
    const plan = planOf({ action: 'Deny', expression: 'arguments.path.contains("..")' });
    expect(verdict(plan, '{"path":"/a"}')).toBe('pass');
    expect(verdict(plan, '{"path":"/a/../b"}')).toBe(refused);
    expect(verdict(plan, '{"Path":"/a/../b"}')).toBe(otherwise);
    expect(verdict(plan, '{}')).toBe(noAnswer);
  });

  test('all that are about the tool must let it pass; names are compared without case', () => {
    const plan = planOf(
      { tools: ['send_*'], expression: toOurs },
      { toolsRegex: ['^send_mail$'], expression: 'arguments.to.size() <= 1' },
      { tools: ['other'], expression: 'false' },
    );
    expect(verdict(plan, '{"to":["a@example.com"]}')).toBe('pass');
    expect(verdict(plan, '{"to":["a@example.com","b@example.com"]}')).toBe(refused);
    expect(verdict(plan, '{"to":["b@evil.test"]}', 'Send_Mail')).toMatch(/^403/);
    expect(verdict(plan, '{}', 'read_mail')).toBe('pass');
  });

  test('a rule that cannot be read refuses its tools, and no other', () => {
    const plan = planOf({ tools: ['send_mail'], expression: 'arguments.to' });
    expect(verdict(plan, '{"to":["a@example.com"]}')).toMatch(
      /^503 a rule over its arguments cannot be read/,
    );
    expect(verdict(plan, '{}', 'read_mail')).toBe('pass');
  });

  test('a list shows a tool that may be called with some arguments', () => {
    const call = { method: 'POST', body: { kind: 'none' as const }, head: { fields: [] } };
    const shows = (expression: string): boolean | undefined =>
      McpAnswers.of(planOf({ expression }), call)?.shows('tools', 'send_mail');
    expect([shows(toOurs), shows('arguments.to')]).toEqual([true, false]);
  });
});

describe('an expression that is no rule', () => {
  test.each([
    ['no CEL', 'arguments.to ==', /ends too early/],
    ['of too many parts', `${'!'.repeat(256)}arguments.a`, /more than 256 parts/],
    ['of another type', 'size(arguments.to)', /type int/],
    ['of a type nobody knows', 'arguments.to', /compare it with something/],
    ['too long', `arguments.a == "${'x'.repeat(1_024)}"`, /1024 characters/],
    ['another variable', 'self.a == 1', /only arguments may be named/],
    ['a search for a text of the agent', 'arguments.a.contains(arguments.b)', /written out/],
    ['a long search', `arguments.a.contains("${'x'.repeat(200)}")`, /at most 128/],
    ['a pattern of the agent', 'arguments.a.matches(arguments.b)', /written out/],
    ['a pattern that is not RE2’s', 'arguments.a.matches("(?=a)")', /RE2/],
    ['the arguments in a condition', 'arguments.a.all(x, arguments.b.contains("x"))', /only x may be named/],
    ['elements of two lists', 'arguments.a.all(x, x.l.all(y, y == x))', /only y may be named/],
    ['a list of its own', '[1, 2].all(x, [1, 2].all(y, true))', /list or map of the arguments/],
    ['map', 'arguments.a.map(x, [x, x]).size() == 1', /no \.map/],
    ['bind', 'cel.bind(a, arguments.a, a == 1)', /./],
    ['split', 'arguments.a.split(",").size() == 1', /no \.split/],
    ['a member named by the agent', 'arguments[arguments.k] == 1', /brackets/],
    ['a comment before a pattern', 'arguments.a // c\n .matches("a")', /cannot be read/],
  ])('%s', (_title, expression, expected) => {
    expect(faultOfArgumentExpression(expression)).toMatch(expected);
  });
});

const asMap = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(asMap);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([name, each]) => [name, asMap(each)]));
};

test.each([
  ['(arguments.a).matches("^a+$")', { a: 'aaa' }, true],
  ['arguments.l.filter(x, x.matches("b")).size() == 1', { l: ['abc', 'c'] }, true],
  ['arguments.a == ".matches(" || arguments.a.matches("b")', { a: '.matches(' }, true],
  ['arguments.n % 2 == 0', { n: 4 }, undefined],
  ['int(arguments.n) % 2 == 0', { n: 4 }, true],
  ['has(arguments.o.p) ? arguments.o.p == null : true', { o: { p: null } }, true],
  ['arguments.all(k, k in ["a", "b"])', { a: 1, c: 2 }, false],
  ['has(arguments.constructor)', {}, false],
])('%s of %j is %s', (expression, value, expected) => {
  const compiled = compileArgumentExpression(expression);
  if ('problem' in compiled) throw new Error(compiled.problem);
  expect(compiled.holds(asMap(value) as ReadonlyMap<string, unknown>)).toBe(expected);
});

test('patterns read so much of one call and no more', () => {
  const compiled = compileArgumentExpression('arguments.a.matches("^(a|aa)+$")');
  if ('problem' in compiled) throw new Error(compiled.problem);
  const holds = (length: number) => compiled.holds(new Map([['a', 'a'.repeat(length)]]));
  expect([holds(16_000), holds(17_000), holds(16_000)]).toEqual([true, undefined, true]);
});

test('property: what is taken means what CEL says, but for patterns', () => {
  const place = fc.constantFrom('arguments.s', 'arguments.n', 'arguments.l', 'arguments.o.s', 'arguments.zz');
  const atom = fc.oneof(
    fc
      .tuple(place, fc.constantFrom('==', '!=', '<', '>='), fc.constantFrom('"a"', '3', 'null', 'true'))
      .map((each) => each.join(' ')),
    place.map((each) => `has(${each})`),
    fc.tuple(place, fc.constantFrom('contains', 'startsWith')).map(([at, name]) => `${at}.${name}("a")`),
    fc.constantFrom('all', 'exists', 'exists_one').map((name) => `arguments.l.${name}(x, x == "a" || x > 2)`),
    place.map((each) => `size(${each}) > 1`),
    place.map((each) => `"a" in ${each}`),
  );
  const expression = fc
    .tuple(atom, fc.constantFrom('&&', '||'), atom, fc.boolean())
    .map(([a, and, b, not]) => `${not ? '!' : ''}(${a}) ${and} (${b})`);
  const scalar = fc.constantFrom<unknown>('a', 'ab', 3, 1, true, null);
  const given = fc.record(
    { s: scalar, n: scalar, l: fc.array(scalar, { maxLength: 3 }), o: fc.record({ s: scalar }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(expression, given, (text, value) => {
      const compiled = compileArgumentExpression(text);
      let expected: unknown;
      try {
        expected = evaluate(text, { arguments: asMap(value) });
      } catch {
        expected = undefined;
      }
      const found =
        'problem' in compiled ? undefined : compiled.holds(asMap(value) as ReadonlyMap<string, unknown>);
      expect(found).toBe(expected);
    }),
  );
});

describe('S46: another spelling of a member', () => {
  test.each([
    ['a dotted capital I, which Java takes for an i', '{"id":"a","\u0130d":"b"}'],
    ['a dotless i', '{"id":"a","\u0131d":"b"}'],
    ['that the rule compares with', '{"id":"a","ID":"b"}'],
  ])('%s', (_title, text) => {
    expect(verdict(planOf({ expression: 'arguments.id in ["a", "ID"]' }), text)).toBe(otherwise);
  });
});

describe('S54: what arguments cost is bounded, whatever an agent writes', () => {
  const holds = (expression: string, value: unknown): boolean | undefined => {
    const compiled = compileArgumentExpression(expression);
    if ('problem' in compiled) throw new Error(compiled.problem);
    return compiled.holds(asMap(value) as ReadonlyMap<string, unknown>);
  };
  const many = (value: unknown): unknown => ({ l: Array.from({ length: 30_000 }, () => value) });
  const often = (text: string, between: string): string =>
    Array.from({ length: 30 }, () => text).join(` ${between} `);

  test.each([
    ['errors', 'arguments.l.exists(x, x.endsWith("a"))', 1],
    ['errors of many conditions', `arguments.l.exists(x, ${often('x < "a"', '&&')})`, 1],
    ['steps', `arguments.l.all(x, ${often('x < 2', '&&')})`, 1],
    ['empty texts for a pattern', 'arguments.l.all(x, !x.matches("a"))', ''],
  ])('%s: no answer', (_title, expression, value) => {
    const before = process.cpuUsage();
    expect(holds(expression, many(value))).toBeUndefined();
    const { user } = process.cpuUsage(before);
    // Without a bound the second takes ten seconds and more.
    expect(user / 1_000).toBeLessThan(2_000);
  });

  test('a few errors are what CEL makes of them', () => {
    expect(holds('arguments.l.exists(x, x == "a")', { l: [1, 'a'] })).toBe(true);
    expect(holds('arguments.l.exists(x, x.endsWith("a"))', { l: [1, 'a'] })).toBe(true);
    expect(holds('arguments.l.all(x, x.endsWith("a"))', { l: [1, 'b'] })).toBe(false);
  });

  test('lists are added up a few times and no more', () => {
    const sum = Array.from({ length: 10 }, () => 'arguments.l').join(' + ');
    expect(faultOfArgumentExpression(`size(${sum}) > 1`)).toMatch(/\+ is taken 8 times/);
  });

  test('types of values are not kept as deep as an agent writes them', () => {
    const compiled = compileArgumentExpression('arguments.l.all(x, x != "a")');
    if ('problem' in compiled) throw new Error(compiled.problem);
    const shape = (bits: number): unknown =>
      Array.from({ length: 100 }).reduce<unknown>(
        (inner, _, at) => ((bits >> (at % 20)) & 1 ? [inner] : new Map([['a', inner]])),
        1,
      );
    const used = (from: number): number => {
      const l = Array.from({ length: 100 }, (_, index) => shape(from + index));
      const before = process.memoryUsage().heapUsed;
      expect(compiled.holds(new Map([['l', l]]))).toBe(true);
      return process.memoryUsage().heapUsed - before;
    };
    used(0);
    // A hundred such types took 25 MB, for good.
    expect(used(1_000)).toBeLessThan(5_000_000);
  });
});

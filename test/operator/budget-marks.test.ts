/** What a route's status and its Events say of its budgets, by what gateways say of them. */
import { describe, expect, test } from 'vitest';
import type { BudgetWarning, GatewayStatus } from '../../contract/index.ts';
import { gatewaysOf, marksOf, type BudgetMark } from '../../operator/aiproviderroute/budget-marks.ts';
import {
  budgetFindings,
  eventNameOf,
  isTeller,
  noteOf,
} from '../../operator/aiproviderroute/budget-status.ts';
import { diffStatus } from '../../operator/data-plane-status.ts';
import { kinds, type AIProviderRoute } from '../../operator/kind.ts';
import { TestWorld } from './compiled-world.ts';
import { gateway, manifest } from './manifest.ts';

const now = Date.parse('2026-11-27T12:00:00Z');
const day = '2026-11-27';

function route(name: string, tokenBudget: object, parents: object[] = [{ name: 'g' }]) {
  const rules = [{ matches: [{ provider: 'openai' }], filters: [{ type: 'TokenBudget', tokenBudget }] }];
  return manifest('AIProviderRoute', name, { parentRefs: parents, rules });
}

const elsewhere = {
  ...manifest('EgressGateway', 'g', {
    listeners: [{ name: 'l', protocol: 'HTTPS', allowedRoutes: { namespaces: { from: 'All' } } }],
  }),
};
const other = { ...elsewhere, metadata: { ...elsewhere.metadata, namespace: 'other', uid: 'g-other' } };

function bed(...objects: Parameters<TestWorld['bring']>[0][]) {
  const { world } = new TestWorld([gateway, other, ...objects], ['default', 'other']);
  const get = (name: string): AIProviderRoute => {
    const found = world.get(kinds.aiProviderRoute, 'default', name);
    if (found === undefined) throw new Error(`no route ${name}`);
    return found;
  };
  return { world, get };
}

const warning = (more: Partial<BudgetWarning> = {}): BudgetWarning => ({
  ...{ account: 'rule/default/a/0/0', unit: 'tokens', day, cap: 1_000, percent: 80 },
  ...more,
});

function word(budgets: BudgetWarning[], namespace = 'default', pod = 'p'): GatewayStatus {
  return {
    ...{ version: 1, role: 'egress', namespace, gateway: 'g', pod, address: 'a:1', configDigest: 'd' },
    ...{ draining: false, at: now, connections: 0, budgets },
  };
}

const mark = (more: Partial<BudgetMark> = {}): BudgetMark => ({
  ...{ budget: 'rules[0].filters[0]', namespace: 'default', unit: 'tokens', day, limit: 1_000, percent: 80 },
  ...more,
});

describe('thresholds that are passed', () => {
  const perDay = { maxTokensPerDay: 1_000, maxCostPerDay: '2.50' };
  test.each<[string, GatewayStatus[], BudgetMark[], BudgetMark[]]>([
    ['none', [], [], []],
    ['one, said by two replicas', [word([warning()]), word([warning()], 'default', 'q')], [], [mark()]],
    [
      'money',
      [word([warning({ unit: 'nanoUsd', cap: 2_500_000_000 })])],
      [],
      [mark({ unit: 'nanoUsd', limit: 2_500_000_000 })],
    ],
    ['kept while no gateway says it any more', [], [mark()], [mark()]],
    [
      'S57: of another budget, by a gateway that may count it',
      [word([warning({ account: 'rule/default/b/0/0' })])],
      [],
      [],
    ],
    ['S57: of this one, by a gateway it is not attached to', [word([warning()], 'other')], [], []],
    ['of yesterday', [word([warning({ day: '2026-11-26' })])], [mark({ day: '2026-11-26' })], []],
    ['of a limit that was raised since', [word([warning({ cap: 500 })])], [mark({ limit: 500 })], []],
    ['of a threshold nobody asks for', [word([warning({ percent: 50 })])], [], []],
  ])('%s', (_title, words, before, expected) => {
    const { world, get } = bed(route('a', perDay));
    expect(marksOf(world, get('a'), { words, before, now })).toEqual(expected);
  });

  test('a word that says something new of budgets concerns their routes, and a heartbeat nobody', () => {
    const snapshot = (words: GatewayStatus[]) => ({ workers: [], gateways: words, ingresses: [] });
    const diff = diffStatus(snapshot([word([])]), snapshot([{ ...word([warning()]), at: now + 5 }]));
    expect([...diff.counting]).toEqual(['default/g']);
    expect([...diff.gateways]).toEqual([]);
    expect([...diffStatus(snapshot([word([])]), snapshot([{ ...word([]), at: 9 }])).counting]).toEqual([]);
  });
});

describe('what is said of it', () => {
  test.each<[string, BudgetMark[], string]>([
    ['nothing', [], 'True BelowThresholds no budget of today is used as far as its warnAt'],
    [
      'a threshold',
      [mark()],
      'True ThresholdReached 80 % of 1000 tokens of budget rules[0].filters[0] on 2026-11-27 (UTC), counted by the gateways of default, are used',
    ],
    [
      'the end of it',
      [mark(), mark({ percent: 100 })],
      'False BudgetSpent all of 1000 tokens of budget rules[0].filters[0] on 2026-11-27 (UTC), counted by the gateways of default, are used: calls are refused until tomorrow',
    ],
  ])('%s', (_title, marks, expected) => {
    const { world, get } = bed(route('a', { maxTokensPerDay: 1_000 }));
    const [available] = budgetFindings(world, get('a'), marks);
    expect(`${available?.status} ${available?.reason} ${available?.message}`).toBe(expected);
  });

  test.each<[string, number[], BudgetMark[], string]>([
    ['nothing is told', [], [], 'Unknown NotTold'],
    ['a threshold is passed', [80], [mark()], 'Unknown NotTold'],
    ['the end is told too', [80, 100], [mark()], 'True ThresholdReached'],
  ])('that it is not used up is said only where its end is told: %s', (_title, warnAt, marks, expected) => {
    const { world, get } = bed(route('a', { maxTokensPerDay: 1_000, warnAt }));
    const [available] = budgetFindings(world, get('a'), marks);
    expect(`${available?.status} ${available?.reason}`).toBe(expected);
    expect(available?.message).toMatch(warnAt.includes(100) ? /^80 %/ : /has no 100/);
  });

  test('nothing of a route without a budget of a day', () => {
    const { world, get } = bed(route('a', { maxTokensPerExecution: 1_000 }));
    expect(budgetFindings(world, get('a'), [])).toEqual([]);
  });

  test('a shared budget is told on one route, under a name that is the same whoever tells it', () => {
    const shared = { maxTokensPerDay: 1_000, budgetRef: 'team' };
    const { world, get } = bed(route('b', shared), route('a', shared));
    const passed = mark({ budget: 'team' });
    expect(['a', 'b'].filter((name) => isTeller(world, get(name), passed))).toEqual(['a']);
    expect(eventNameOf(get('a'), passed)).toBe(eventNameOf(get('a'), { ...passed }));
    expect(eventNameOf(get('a'), { ...passed, percent: 100 })).not.toBe(eventNameOf(get('a'), passed));
    expect(noteOf(passed)).toMatchObject({ type: 'Warning', reason: 'BudgetThresholdReached' });
  });

  test.each<[string, object, object[], object[], string]>([
    ['one gateway', {}, [{ name: 'g' }], [], 'CountedOnce'],
    [
      'gateways of two namespaces',
      {},
      [{ name: 'g' }, { name: 'g', namespace: 'other' }],
      [],
      'CountedPerNamespace',
    ],
    [
      'shared with a route of another gateway',
      { budgetRef: 'team' },
      [{ name: 'g' }],
      [{ name: 'g', namespace: 'other' }],
      'CountedPerNamespace',
    ],
  ])('a budget counted by %s', (_title, more, parents, others, reason) => {
    const budget = { maxTokensPerDay: 1_000, ...more };
    const second = others.length === 0 ? [] : [route('b', budget, others)];
    const { world, get } = bed(route('a', budget, parents), ...second);
    expect(gatewaysOf(world, get('a'))).toHaveLength(parents.length);
    expect(budgetFindings(world, get('a'), [])[1]?.reason).toBe(reason);
  });
});

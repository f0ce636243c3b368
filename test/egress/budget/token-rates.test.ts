/** Limits of tokens a window over several gateways and one ledger: no window ever holds more, whatever clocks and ledger do. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CountScope, LedgerKey, TokenRate } from '../../../contract/index.ts';
import type { Budget } from '../../../decision/index.ts';
import { Budgets, type Reserved } from '../../../egress/budget/budgets.ts';
import type { Lease } from '../../../egress/budget/ledger.ts';
import { MemoryLedger } from './memory-ledger.ts';

const windowMs = 10_000;
const budgetOf = (
  tokens: number,
  scope: CountScope = 'PerAgent',
  change: Partial<TokenRate> = {},
): Budget => ({
  limits: [{ period: 'window', account: 'rate/d/few', tokens, windowMs, scope, policy: 'd/few', ...change }],
  maxOutputTokens: undefined,
});

class Gateway {
  unixMs = 1_000_000;
  readonly budgets: Budgets;

  constructor(ledger: MemoryLedger) {
    this.budgets = new Budgets({ ledger, now: () => 0, unixMs: () => this.unixMs });
  }

  reserve(budget: Budget, least: number, most = least, agentId = 'a'): Promise<Reserved> {
    const caller = { agentId, invocationId: `of-${agentId}`, least, most };
    return new Promise((resolve) => this.budgets.reserve(budget, caller, resolve));
  }

  async use(budget: Budget, tokens: number, agentId = 'a'): Promise<string> {
    const reserved = await this.reserve(budget, tokens, tokens, agentId);
    if (reserved.kind === 'reserved') reserved.reservation.settle(tokens);
    return reserved.kind;
  }
}

test('a window holds so many tokens, the next has its own, and a refusal says when that begins', async () => {
  const gateway = new Gateway(new MemoryLedger());
  expect(await gateway.use(budgetOf(100), 60)).toBe('reserved');
  expect(await gateway.reserve(budgetOf(100), 60)).toMatchObject({
    ...{ kind: 'spent', left: 40, at: 1_000_000, resetsAt: 1_010_000 },
    limit: { policy: 'd/few' },
  });
  gateway.unixMs += windowMs;
  expect(await gateway.use(budgetOf(100), 60)).toBe('reserved');
});

test.each<[CountScope, string]>([
  ['PerAgent', 'reserved'],
  ['PerExecution', 'reserved'],
  ['PerRoute', 'spent'],
  ['PerGateway', 'spent'],
])('%s: another agent is %s', async (scope, kind) => {
  const gateway = new Gateway(new MemoryLedger());
  await gateway.use(budgetOf(100, scope), 100);
  expect(await gateway.use(budgetOf(100, scope), 100, 'b')).toBe(kind);
});

test('a count of tokens is none of calls, though its policy was one of calls before', async () => {
  const gateway = new Gateway(new MemoryLedger());
  const limit = { account: 'rate/d/few', calls: 1, windowMs, scope: 'PerAgent', policy: 'd/few' } as const;
  const caller = { agentId: 'a', invocationId: 'of-a' };
  const counted = await new Promise<{ kind: string }>((resolve) =>
    gateway.budgets.count([{ limit, calls: 1 }], caller, resolve),
  );
  expect(counted.kind).toBe('counted');
  expect(await gateway.use(budgetOf(100), 100)).toBe('reserved');
});

test('what is left of a window that is over is forgotten', async () => {
  const gateway = new Gateway(new MemoryLedger());
  await gateway.use(budgetOf(100_000), 10);
  gateway.unixMs += windowMs;
  gateway.budgets.tidy();
  expect(gateway.budgets.size).toBe(0);
});

/** Its writes may stand though nobody was told. */
class FaultyLedger extends MemoryLedger {
  unanswered = false;

  override async lease(key: LedgerKey, request: Parameters<MemoryLedger['lease']>[1]): Promise<Lease> {
    const lease = await super.lease(key, request);
    return this.unanswered ? { kind: 'unavailable' } : lease;
  }
}

const step = fc.record({
  gateway: fc.nat(1),
  agent: fc.constantFrom('a', 'a', 'b'),
  least: fc.integer({ min: 1, max: 80 }),
  extra: fc.nat(200),
  usedPercent: fc.nat(100),
  jumpMs: fc.constantFrom(0, 0, 0, 700, windowMs, -windowMs, 25 * windowMs),
  turns: fc.nat(8),
  fault: fc.constantFrom(undefined, undefined, undefined, 'away', 'unanswered'),
  tidies: fc.boolean(),
});

test('S48: whatever callers, clocks and the ledger do, no window holds more tokens than its limit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom<CountScope>('PerAgent', 'PerExecution', 'PerRoute', 'PerGateway'),
      async (steps, cap, scope) => {
        const ledger = new FaultyLedger();
        const gateways = [new Gateway(ledger), new Gateway(ledger)];
        const used = new Map<string, number>();
        ledger.turns = () => steps[ledger.asked % Math.max(1, steps.length)]?.turns ?? 1;
        const run = async (each: (typeof steps)[number]) => {
          const at = gateways[each.gateway];
          for (let left = each.turns; left > 0; left -= 1) await Promise.resolve();
          if (at === undefined) return;
          ledger.away = each.fault === 'away';
          ledger.unanswered = each.fault === 'unanswered';
          at.unixMs += each.jumpMs;
          if (each.tidies) at.budgets.tidy(each.jumpMs !== 0);
          const own = scope === 'PerAgent' || scope === 'PerExecution' ? each.agent : '';
          const window = `${Math.floor(at.unixMs / windowMs)} ${own}`;
          const reserved = await at.reserve(
            budgetOf(cap, scope),
            each.least,
            each.least + each.extra,
            each.agent,
          );
          if (reserved.kind !== 'reserved') return;
          const spent = Math.floor((reserved.reservation.tokens * each.usedPercent) / 100);
          used.set(window, (used.get(window) ?? 0) + spent);
          for (let left = each.turns; left > 0; left -= 1) await Promise.resolve();
          reserved.reservation.settle(spent);
        };
        await Promise.all(steps.map(run));
        expect(Math.max(0, ...used.values())).toBeLessThanOrEqual(cap);
        expect(Math.max(0, ...ledger.highest.values())).toBeLessThanOrEqual(cap);
      },
    ),
    { numRuns: 200 },
  );
});

/** One way a call may go, as text, so that what reach says and what the gateway does compare as sets of lines. */
import type { HeaderEdit, LoggingRule } from '../../../contract/index.ts';
import type { Budget } from '../../../decision/index.ts';
import type { CountedCalls, CountedUse } from '../../../policy/reach/index.ts';

export interface Way {
  readonly protocol: string;
  readonly target: string;
  readonly pinned: readonly string[] | undefined;
  /** Place, name, Secret and key. */
  readonly credentials: readonly string[];
  readonly renames: ReadonlyArray<{ readonly from: string; readonly to: string }>;
  readonly asksUsage: boolean;
  readonly asksPerson: boolean;
  readonly headers?: HeaderEdit | undefined;
  readonly audited: boolean;
  readonly budget: CountedUse | Budget | undefined;
  readonly logging: Omit<LoggingRule, 'sinks'> | undefined;
  /** Who gets a copy of its record. */
  readonly copies: readonly string[];
  readonly counts: ReadonlyArray<{ readonly limit: CountedCalls; readonly calls: number }>;
  readonly trust: string;
  readonly captured: number;
  readonly timeoutMs: number;
}

export function renderWay({ protocol, target, pinned, credentials, renames, logging, ...rest }: Way): string {
  const kept = logging && [
    logging.captureRequest,
    logging.captureResponse,
    [...logging.redactHeaders].sort(),
  ];
  return JSON.stringify([
    protocol,
    target,
    pinned ?? null,
    [...credentials].sort(),
    renames.map(({ from, to }) => `${from}>${to}`),
    kept ?? null,
    rest.asksUsage,
    rest.budget === undefined
      ? null
      : [
          rest.budget.limits.map((limit) => {
            const span = limit.period === 'window' ? ` ${limit.windowMs} ${limit.scope}` : '';
            return `${limit.tokens} ${limit.period}${span} ${limit.account}`;
          }),
          (rest.budget.costs ?? []).map(
            ({ nanoUsd, period, account }) => `usd ${nanoUsd} ${period} ${account}`,
          ),
          rest.budget.maxOutputTokens ?? null,
        ],
    rest.trust,
    rest.captured,
    rest.timeoutMs,
    rest.counts
      .map(
        ({ limit, calls }) =>
          `${limit.account} ${limit.calls} ${limit.windowMs ?? ''} ${limit.scope} x${calls}`,
      )
      .sort(),
    rest.asksPerson,
    rest.headers ?? null,
    rest.audited,
    [...new Set(rest.copies)].sort(),
  ]);
}

/** Where `asksPerson` stands in a way. */
const asksAt = 12;

export function asksPerson(way: string): boolean {
  return (JSON.parse(way) as readonly unknown[])[asksAt] === true;
}

/** The same way, about which nobody is asked. */
export function withoutAsking(way: string): string {
  return JSON.stringify((JSON.parse(way) as readonly unknown[]).with(asksAt, false));
}

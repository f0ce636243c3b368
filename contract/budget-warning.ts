/**
 * That so much of a budget of a day is used as its owner wants to know of: how it is noted in the ledger, beside the count itself, and
 * how gateways say it. Noted once and never taken back while the day lasts, so whoever comes later knows it too.
 */
import { Type, type Static } from 'typebox';

/** Percent of its limit of which a TokenBudget that asks for none is told. */
export const usualThresholds: readonly number[] = [80, 100];

/** Of one count: rules that share it may have limits of their own. */
export const maxMarks = 10;
/** Of one gateway's word. */
export const maxWarnings = 64;

/** The day of budgets, `2026-11-27`: the same for whoever counts and whoever tells. */
export const utcDay = (unixMs: number): string => new Date(unixMs).toISOString().slice(0, 10);

/** `80/2000000`: percent, of which limit. With another limit it is another mark, so that a raised one begins anew. */
export type ThresholdMark = `${number}/${number}`;

export const markOf = (percent: number, cap: number): ThresholdMark => `${percent}/${cap}`;

/** undefined: it is none. */
export function parseMark(text: string): { readonly percent: number; readonly cap: number } | undefined {
  const parts = /^(\d{1,3})\/(\d{1,16})$/.exec(text);
  return parts === null ? undefined : { percent: Number(parts[1]), cap: Number(parts[2]) };
}

export const budgetWarningSchema = Type.Object({
  /** As the operator names it. */
  account: Type.String({ maxLength: 600 }),
  unit: Type.Union([Type.Literal('tokens'), Type.Literal('nanoUsd')]),
  /** As `utcDay` has it. */
  day: Type.String({ maxLength: 10 }),
  cap: Type.Integer({ minimum: 1 }),
  percent: Type.Integer({ minimum: 1, maximum: 100 }),
});
export type BudgetWarning = Static<typeof budgetWarningSchema>;

/**
 * What the processes of one gateway's pod say to each other, over the channel Node gives a child. Both ends are this program, of one
 * version: nothing foreign comes in here. Types only.
 */
import type { BudgetWarning, ExportState, GatewayConfig } from '../../contract/index.ts';
import type { Claim, Entry } from '../session/door.ts';

/** A process's own metrics as prom-client gives them (`getMetricsAsJSON`). */
export type Figures = ReadonlyArray<{ readonly name: string; readonly type: string | number }>;

/** How a process that serves stands. */
export interface MemberState {
  /** Of the config in force; empty before the first. */
  readonly digest: string;
  readonly policyDigest: string;
  /** Absent: it serves. */
  readonly notReady?: string | undefined;
  readonly recordExport?: ExportState | undefined;
  readonly recordSinks?: Readonly<Record<string, ExportState>> | undefined;
  /** Thresholds of budgets that it knows to be passed. */
  readonly budgets?: readonly BudgetWarning[];
}

export type ToMember =
  | { readonly kind: 'config'; readonly config: GatewayConfig }
  /** With a socket, which may have gone meanwhile. */
  | { readonly kind: 'socket' }
  | { readonly kind: 'entry'; readonly id: number; readonly entry: Entry }
  | { readonly kind: 'figures' }
  /** Connections come on; those there are end with what runs on them. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'stop'; readonly isHurried: boolean };

export type FromMember =
  | { readonly kind: 'state'; readonly state: MemberState }
  | { readonly kind: 'enter'; readonly id: number; readonly claim: Claim }
  | { readonly kind: 'leave'; readonly id: number }
  /** So many connections are over since it last said so. */
  | { readonly kind: 'closed'; readonly count: number }
  | { readonly kind: 'figures'; readonly figures: Figures };

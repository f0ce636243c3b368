/** What a gateway's core is given from outside: the edge in a process, stand-ins in a test. Types only. */
import type { ApprovalLink } from '../approval/approval-link.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { AdmittingRecorder, Recorder } from '../record/recorder.ts';
import type { Door } from './door.ts';
import type { Lookup } from '../upstream/resolver.ts';

export interface GatewayOptions {
  readonly recorder: () => (Recorder & Partial<AdmittingRecorder>) | undefined;
  readonly metrics: GatewayMetrics;
  readonly lookup: Lookup;
  /** For places that policies name for the gateway itself; absent: as for agents. */
  readonly ownLookup?: Lookup;
  readonly now: () => number;
  /** What the wall clock says, in ms; absent: the same as `now`. */
  readonly unixMs?: () => number;
  /** Counts budgets for all gateways of the namespace; absent: calls under one are refused. */
  readonly ledger?: Ledger;
  /** Asks persons; absent: calls that need one are refused. */
  readonly approvals?: ApprovalLink;
  /** Of the processes that are one gateway pod; absent: one. */
  readonly processes?: number;
  /** Who lets connections in; absent: this process alone knows of them. */
  readonly door?: Door;
  /** A threshold of a budget was passed, or its day is over. */
  readonly onWarned?: () => void;
  /** Called when the number of connections changed. */
  readonly onConnections: () => void;
  /** Called with what a handler of foreign bytes threw; its connection is closed and counted already. */
  readonly onBroken?: (error: unknown) => void;
}

/**
 * What a gateway says of itself to the platform: of its config the digests of the snapshot that decides, never of one that was
 * handed to it and is not in force. Pure.
 */
import { ports, type BudgetWarning, type ExportState, type GatewayStatus } from '../contract/index.ts';
import type { Snapshot } from './snapshot.ts';

export interface GatewayFacts {
  readonly namespace: string;
  readonly pod: string;
  readonly gateway: string;
  readonly host: string;
  readonly draining: boolean;
  readonly connections: number;
  /** undefined: nobody gets a copy of its records. */
  readonly recordExport?: ExportState | undefined;
  /** Of each sink that gets copies of some. */
  readonly recordSinks?: Readonly<Record<string, ExportState>> | undefined;
  /** Thresholds of budgets that are passed. */
  readonly budgets?: readonly BudgetWarning[];
  readonly at: number;
}

/** `snapshot`: what is in force; undefined before the first. */
export function gatewayWord(
  { host, recordExport, recordSinks, budgets = [], ...facts }: GatewayFacts,
  snapshot: Pick<Snapshot, 'digest' | 'policyDigest'> | undefined,
): GatewayStatus {
  return {
    version: 1,
    role: 'egress',
    ...facts,
    address: `${host}:${ports.egressFrame}`,
    configDigest: snapshot?.digest ?? '',
    ...(recordExport === undefined ? {} : { recordExport }),
    ...(recordSinks === undefined ? {} : { recordSinks: { ...recordSinks } }),
    ...(budgets.length === 0 ? {} : { budgets: [...budgets] }),
    ...(snapshot === undefined ? {} : { policyDigest: snapshot.policyDigest }),
  };
}

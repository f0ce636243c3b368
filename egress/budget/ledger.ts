/** Where budgets are counted for all gateways: a port, so that the rest needs no NATS. */
import type { LedgerKey } from '../../contract/index.ts';

/** Which thresholds were passed, and are noted. */
interface Noted {
  readonly warned?: readonly string[];
}

/** What is to be noted with a change. */
export interface Watched {
  /** Percent of `cap`. */
  readonly warnAt: readonly number[];
  readonly cap: number;
  /** Of what is taken this gateway holds so much, or promised it to calls that are not over. */
  readonly unused: number;
}

export type Lease =
  /** `taken`: of the whole budget now, by everybody. */
  | (Noted & { readonly kind: 'leased'; readonly tokens: number; readonly taken: number })
  /** Fewer than needed are left. */
  | (Noted & { readonly kind: 'spent'; readonly left: number })
  /** Nobody can say now. */
  | { readonly kind: 'unavailable' };

export interface LeaseRequest {
  /** Of the whole budget. */
  readonly cap: number;
  /** With fewer there is no lease. */
  readonly least: number;
  /** As many as there are, up to this. */
  readonly most: number;
}

export interface Ledger {
  /** Never rejects. `watched`: before it; absent: nothing is noted. */
  lease(key: LedgerKey, request: LeaseRequest, watched?: Watched): Promise<Lease>;
  /**
   * Changes what is taken: by less than 0, leased tokens are free again; above, more was used than was leased. Resolves when
   * it stands, with what is noted; false when nobody can say now and nothing was changed. `watched`: after it;
   * absent: nothing is noted.
   */
  adjust(key: LedgerKey, tokens: number, watched?: Watched): Promise<readonly string[] | false>;
}

/** For a gateway that is connected to nothing. */
export const noLedger: Ledger = {
  lease: () => Promise.resolve({ kind: 'unavailable' }),
  adjust: () => Promise.resolve(false),
};

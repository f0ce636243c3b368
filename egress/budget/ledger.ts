/** Where budgets are counted for all gateways: a port, so that the rest needs no NATS. */
import type { LedgerKey } from '../../contract/index.ts';

export type Lease =
  /** `taken`: of the whole budget now, by everybody. */
  | { readonly kind: 'leased'; readonly tokens: number; readonly taken: number }
  /** Fewer than needed are left. */
  | { readonly kind: 'spent'; readonly left: number }
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
  /** Never rejects. */
  lease(key: LedgerKey, request: LeaseRequest): Promise<Lease>;
  /**
   * Changes what is taken: by less than 0, leased tokens are free again; above, more was used than was leased. Resolves when
   * it stands, false when nobody can say now and nothing was changed.
   */
  adjust(key: LedgerKey, tokens: number): Promise<boolean>;
}

/** For a gateway that is connected to nothing. */
export const noLedger: Ledger = {
  lease: () => Promise.resolve({ kind: 'unavailable' }),
  adjust: () => Promise.resolve(false),
};

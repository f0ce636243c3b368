/**
 * What a call may cost at most before it is sent: by the dearest of the ways it may go. Pure but for the price list. A way whose price
 * nobody knows makes the whole unknown: never a guess.
 */
import type { NanoUsd } from '../../contract/index.ts';
import { renamedModel, type Candidate } from '../../decision/index.ts';
import type { CostBound } from '../budget/token-ask.ts';
import type { PriceList } from '../price.ts';
import { codecFor } from '../providers/index.ts';
import type { Allowed } from './deliberation.ts';

/** Who is paid, and for which model. */
function paidFor(
  { schema, operation, model }: Allowed,
  { backend, translation }: Candidate,
): { readonly priceId: string; readonly model: string } | undefined {
  const codec =
    translation === undefined
      ? codecFor(schema, operation?.shape)
      : codecFor(backend?.schema, translation.to);
  const named = renamedModel(backend, model);
  return codec === undefined || named === undefined ? undefined : { priceId: codec.priceId, model: named };
}

/** `agentId`: whose call it is. */
export interface PricedBy {
  readonly prices: PriceList;
  readonly agentId: string;
}

export function costBoundOf(decision: Allowed, { prices, agentId }: PricedBy): CostBound {
  const paid = decision.candidates.map((candidate) => paidFor(decision, candidate));
  return (input, output) => {
    const costs = paid.map((each) => each && prices.boundOf({ ...each, agentId }, { input, output }));
    const known = costs.filter((cost): cost is NanoUsd => cost !== undefined);
    return known.length < costs.length || known.length === 0 ? undefined : (Math.max(...known) as NanoUsd);
  };
}

/** Does a gateway count anything? Apart because budgets and limits stand in every part of its document, and whoever counts needs a place. */
import type { GatewayConfig } from '../../contract/index.ts';

/** Whatever is counted, tokens or calls of whichever kind of route, names its account. Only documents this operator made: they are bounded. */
export function isCounting(document: Omit<GatewayConfig, 'digest'>): boolean {
  return namesAccount(document);
}

function namesAccount(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(namesAccount);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, each]) => key === 'account' || namesAccount(each));
}

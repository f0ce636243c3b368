/**
 * Which models have a price: by the bundled table, as their provider names them. Pure. What a call costs is computed in egress/; here is
 * only whether anybody could, so that a budget in money is judged alike before and when it is in force.
 */
import { calcPrice } from '@pydantic/genai-prices';
import type { Provider } from '../contract/index.ts';

/** Provider ids of the table. */
export const priceIds: Readonly<Record<Provider, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'google',
  'azure-openai': 'azure',
  bedrock: 'aws',
  // Whoever answers there: nobody's prices are its own.
  custom: 'custom',
};

/** `provider`: as matches and Backends name it. */
export function hasPrice(provider: Provider, model: string): boolean {
  const usage = { input_tokens: 1, output_tokens: 1 };
  try {
    return calcPrice(usage, model, { providerId: priceIds[provider] }) !== null;
  } catch {
    return false;
  }
}

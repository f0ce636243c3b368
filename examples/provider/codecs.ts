/** Every vendor the stand-in stands in for, by host. */
import { anthropicCodec } from './anthropic/index.ts';
import { azureOpenaiCodec } from './azure-openai/index.ts';
import { bedrockCodec } from './bedrock/index.ts';
import type { ProviderCodec } from './exchange.ts';
import { googleCodec } from './google/index.ts';
import { openaiCodec } from './openai/index.ts';

export type StandInProvider = 'openai' | 'anthropic' | 'google' | 'bedrock' | 'azure-openai';

export const codecs: Readonly<Record<StandInProvider, ProviderCodec>> = {
  openai: openaiCodec,
  anthropic: anthropicCodec,
  google: googleCodec,
  bedrock: bedrockCodec,
  'azure-openai': azureOpenaiCodec,
};

export const standInHosts: Readonly<Record<StandInProvider, readonly string[]>> = {
  openai: openaiCodec.hosts,
  anthropic: anthropicCodec.hosts,
  google: googleCodec.hosts,
  bedrock: bedrockCodec.hosts,
  'azure-openai': azureOpenaiCodec.hosts,
};

function serves(host: string, name: string): boolean {
  return host.startsWith('*.') ? name.replace(/^[^.]+/, '*') === host : host === name;
}

/** `host`: as the request names it, a port perhaps among it. */
export function providerOf(host: string): StandInProvider | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return (Object.keys(codecs) as StandInProvider[]).find((each) =>
    standInHosts[each].some((own) => serves(own, name)),
  );
}

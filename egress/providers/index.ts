/** The registry of provider plug-ins: adding one is a folder and a line here. */
import { providers, type Provider } from '../../contract/index.ts';
import type { ApiShape } from '../../decision/index.ts';
import { anthropic } from './anthropic/index.ts';
import { azureOpenai } from './azure-openai/index.ts';
import { bedrock } from './bedrock/index.ts';
import type { ProviderCodec } from './codec.ts';
import { custom } from './custom/index.ts';
import { google } from './google/index.ts';
import { openai } from './openai/index.ts';
import { apiOf, speak, type Api } from './spoken-api.ts';

const codecs: Readonly<Record<Provider, ProviderCodec>> = {
  openai,
  anthropic,
  google,
  'azure-openai': azureOpenai,
  bedrock,
  custom,
};

const apis: Readonly<Record<Api, ProviderCodec>> = { openai, anthropic };

/** The API that a provider's own codec reads; undefined: one that nobody else offers. */
const ownApi: Readonly<Record<Provider, Api | undefined>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: undefined,
  'azure-openai': 'openai',
  bedrock: undefined,
  custom: 'openai',
};

/** Every provider with every API that is not its own: a table, made once. */
const speaking: ReadonlyMap<string, ProviderCodec> = new Map(
  providers.flatMap((provider) =>
    (Object.keys(apis) as Api[])
      .filter((api) => api !== ownApi[provider])
      .map((api) => [`${provider} ${api}`, speak(codecs[provider], apis[api])] as const),
  ),
);

/** The codec of a provider or Backend schema name; undefined for a schema we do not know. */
export function codecOf(name: string | undefined): ProviderCodec | undefined {
  return name !== undefined && Object.hasOwn(codecs, name) ? codecs[name as Provider] : undefined;
}

/**
 * The codec that reads calls of this operation at the provider's host: the provider's own, or that of the API it speaks there.
 * undefined for a provider we do not know.
 */
export function codecFor(
  provider: string | undefined,
  shape: ApiShape | undefined,
): ProviderCodec | undefined {
  const own = codecOf(provider);
  const api = shape === undefined ? undefined : apiOf(shape);
  if (own === undefined || api === undefined || api === ownApi[own.provider]) return own;
  return speaking.get(`${own.provider} ${api}`) ?? own;
}

export { chatLimitName } from './chat-limit.ts';
export type { Facts, JsonObject, ProviderCodec } from './codec.ts';
export { asObject, asObjects, sumOf } from './codec.ts';
export { credibleCounts, type TokenCounts } from './token-counts.ts';

/** The registry of provider plug-ins: adding one is a folder and a line here. */
import { providers, type Provider } from '../../contract/index.ts';
import { anthropic } from './anthropic/index.ts';
import { apiOfPath, speak, type Api } from './api-of-path.ts';
import { azureOpenai } from './azure-openai/index.ts';
import { bedrock } from './bedrock/index.ts';
import type { ProviderCodec } from './codec.ts';
import { custom } from './custom/index.ts';
import { google } from './google/index.ts';
import { openai } from './openai/index.ts';

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
      .map((api) => [`${provider} ${api}`, speak(codecs[provider], apis[api], api)] as const),
  ),
);

/** The codec of a provider or Backend schema name; undefined for a schema we do not know. */
export function codecOf(name: string | undefined): ProviderCodec | undefined {
  return name !== undefined && Object.hasOwn(codecs, name) ? codecs[name as Provider] : undefined;
}

/**
 * The codec that reads what is said at this path (without query) of the provider's host: the provider's own, or that of the
 * API the path belongs to. undefined for a provider we do not know.
 */
export function codecFor(provider: string | undefined, path: string): ProviderCodec | undefined {
  const own = codecOf(provider);
  if (own === undefined) return undefined;
  const api = apiOfPath(path);
  // Where the provider's own path names a model, that is what it runs.
  if (api === undefined || api === ownApi[own.provider] || own.factsOfPath(path).model !== undefined)
    return own;
  return speaking.get(`${own.provider} ${api}`) ?? own;
}

export type { Facts, JsonObject, ProviderCodec } from './codec.ts';
export { asObject } from './codec.ts';

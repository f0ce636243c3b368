/** The registry of provider plug-ins: adding one is a folder and a line here. */
import type { Provider } from '../../contract/index.ts';
import { anthropic } from './anthropic/index.ts';
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

/** The codec of a provider or Backend schema name; undefined for a schema we do not know. */
export function codecOf(name: string | undefined): ProviderCodec | undefined {
  return name !== undefined && Object.hasOwn(codecs, name) ? codecs[name as Provider] : undefined;
}

export type { Facts, JsonObject, ProviderCodec } from './codec.ts';
export { asObject } from './codec.ts';

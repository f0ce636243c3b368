/** The chat APIs of the matrix: whose they are, where, with which model and key. One table, for clients and upstreams alike. */
import type { GatewayConfig, Provider } from '../../contract/index.ts';

type Inject = GatewayConfig['credentials'][number]['inject'];

export type Api =
  'openai' | 'openai-responses' | 'anthropic' | 'google' | 'bedrock-converse' | 'azure-openai';

export interface ApiFacts {
  readonly provider: Provider;
  readonly host: string;
  readonly model: string;
  /** How the real key goes onto a call. */
  readonly inject: Inject;
}

/** What the stand-in takes; agents have none of them. */
export const keys = {
  openai: 'sk-proj-real-of-openai-0123456789',
  anthropic: 'sk-ant-real-of-anthropic-0123456789',
  google: 'AIza-real-of-google-0123456789',
  bedrock: 'AKIAREALOFBEDROCK000:real/secret+of/bedrock0123456789abcdef',
  'azure-openai': 'real-of-azure-0123456789',
} as const;

const [accessKeyId, secretAccessKey] = keys.bedrock.split(':') as [string, string];
const header = (name: string, value: string): Inject => ({ type: 'Header', name, value });

const openai: ApiFacts = {
  provider: 'openai',
  host: 'api.openai.com',
  model: 'gpt-4o-mini',
  inject: header('Authorization', `Bearer ${keys.openai}`),
};

export const apis: Readonly<Record<Api, ApiFacts>> = {
  openai,
  'openai-responses': openai,
  anthropic: {
    provider: 'anthropic',
    host: 'api.anthropic.com',
    model: 'claude-sonnet-4-5',
    inject: header('x-api-key', keys.anthropic),
  },
  google: {
    provider: 'google',
    host: 'generativelanguage.googleapis.com',
    model: 'gemini-2.5-flash',
    inject: header('x-goog-api-key', keys.google),
  },
  'bedrock-converse': {
    provider: 'bedrock',
    host: 'bedrock-runtime.us-east-1.amazonaws.com',
    model: 'anthropic.claude-3-haiku-20240307-v1:0',
    inject: { type: 'AWSv4', keys: { accessKeyId, secretAccessKey }, service: 'bedrock' },
  },
  'azure-openai': {
    provider: 'azure-openai',
    host: 'stand-in.openai.azure.com',
    model: 'gpt-4o-mini',
    inject: header('api-key', keys['azure-openai']),
  },
};

export const hosts: readonly string[] = [...new Set(Object.values(apis).map(({ host }) => host))];

/**
 * The AI providers we know and the hosts that are theirs. It is apart because the compiler (what a route
 * opens), the worker (DNS) and the gateway (which codec) must agree. `custom` has no hosts of its own:
 * only a route's Backends open something for it.
 */
import { matchesHostname, type Hostname, type HostnamePattern } from './hostname.ts';

export const providers = ['openai', 'anthropic', 'google', 'azure-openai', 'bedrock', 'custom'] as const;
export type Provider = (typeof providers)[number];

/** Hosts by provider, as published in each vendor's API reference (November 2026). */
export const providerHosts: Readonly<Record<Provider, readonly string[]>> = {
  openai: ['api.openai.com'],
  anthropic: ['api.anthropic.com'],
  google: ['generativelanguage.googleapis.com'],
  'azure-openai': ['*.openai.azure.com'],
  bedrock: [
    'bedrock-runtime.us-east-1.amazonaws.com',
    'bedrock-runtime.us-east-2.amazonaws.com',
    'bedrock-runtime.us-west-2.amazonaws.com',
    'bedrock-runtime.eu-central-1.amazonaws.com',
    'bedrock-runtime.eu-west-1.amazonaws.com',
    'bedrock-runtime.eu-west-3.amazonaws.com',
    'bedrock-runtime.ap-northeast-1.amazonaws.com',
    'bedrock-runtime.ap-southeast-1.amazonaws.com',
    'bedrock-runtime.ap-southeast-2.amazonaws.com',
    'bedrock-runtime.ap-south-1.amazonaws.com',
  ],
  custom: [],
};

/** The provider whose host this is, or undefined. */
export function providerOfHost(hostname: Hostname): Provider | undefined {
  return providers.find((provider) =>
    providerHosts[provider].some((pattern) => matchesHostname(pattern as HostnamePattern, hostname)),
  );
}

/** The provider stand-in: OpenAI, Anthropic and Gemini on one TLS port, for people without a key and for tests. */
export type { Exchange } from './exchange.ts';
export type { ProviderFault } from './fault.ts';
export {
  standInHosts,
  startProvider,
  type RunningProvider,
  type StandInProvider,
  type StartProviderOptions,
} from './provider-server.ts';

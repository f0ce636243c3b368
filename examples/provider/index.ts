/** The provider stand-in: the chat APIs of five vendors on one TLS port, for people without a key and for tests. */
export type { Usage } from './answer.ts';
export { standInHosts, type StandInProvider } from './codecs.ts';
export type { Exchange } from './exchange.ts';
export type { ProviderFault } from './fault.ts';
export { startProvider, type RunningProvider, type StartProviderOptions } from './provider-server.ts';

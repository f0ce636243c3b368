/** Follows the Secrets that the config of the ingress comes in, and hands on the whole whenever one of them changes. */
import { setMaxListeners } from 'node:events';
import {
  configSecretName,
  ingressSettingsSchema,
  ingressShardCount,
  ingressShardSchema,
  type IngressConfig,
} from '../contract/index.ts';
import { watchConfig, type Environment, type Log } from '../process/index.ts';
import { ConfigAssembly } from './config-assembly.ts';

export interface ConfigWatches {
  readonly environment: Environment;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onConfig: (config: IngressConfig) => void;
}

/** Returns at once; what was read so far is in the assembly. */
export function followConfig({ onConfig, ...watch }: ConfigWatches): ConfigAssembly {
  // One listener a watch.
  setMaxListeners(0, watch.signal);
  const assembly = new ConfigAssembly();
  const use = (config: IngressConfig | undefined): void => {
    if (config !== undefined) onConfig(config);
  };
  watchConfig({
    ...watch,
    schema: ingressSettingsSchema,
    onConfig: (settings) => use(assembly.takeSettings(settings)),
  });
  for (let shard = 0; shard < ingressShardCount; shard += 1) {
    watchConfig({
      ...watch,
      name: configSecretName.ingressShard(shard),
      schema: ingressShardSchema,
      onConfig: (document) => use(assembly.takeShard(shard, document)),
    });
  }
  return assembly;
}

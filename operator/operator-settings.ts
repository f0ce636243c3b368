/** The installation's settings: addresses from the environment, keys from the root. Pure. */
import { environment as variable, platformImage, systemNamespace } from '../contract/index.ts';
import type { PlatformKeys } from '../pki/index.ts';
import { requireVariable, type Environment } from '../process/index.ts';
import type { PlatformSettings } from './compile/index.ts';

export function namespaceOf(environment: Environment): string {
  return environment[variable.podNamespace] || systemNamespace;
}

export function operatorSettings(environment: Environment, keys: PlatformKeys): PlatformSettings {
  const otlpEndpoint = environment[variable.otlpEndpoint];
  return {
    natsUrl: requireVariable(environment, variable.natsUrl),
    keys,
    otlpEndpoint: otlpEndpoint === '' ? undefined : otlpEndpoint,
    platformCidrs: commaList(environment[variable.platformCidrs]),
    insecureRegistries: commaList(environment[variable.insecureRegistries]),
    platformImage: environment[variable.platformImage] || platformImage,
    systemNamespace: namespaceOf(environment),
  };
}

function commaList(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

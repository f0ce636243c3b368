/** The installation's settings: addresses from the environment, credentials from the Secret clrk-platform-auth. Pure. */
import {
  environment as variable,
  platformAuthKeys,
  platformImage,
  systemNamespace,
} from '../contract/index.ts';
import { requireVariable, type Environment } from '../process/index.ts';
import type { DataPlaneRole, PlatformSettings } from './compile/index.ts';
import type { PlatformCredentials } from './platform-credentials.ts';

const roles: readonly DataPlaneRole[] = ['ingress', 'worker', 'egress'];

export interface OperatorSettings extends PlatformSettings {
  readonly natsPassword: string;
  readonly otlpToken: string;
}

export function namespaceOf(environment: Environment): string {
  return environment[variable.podNamespace] || systemNamespace;
}

export function operatorSettings(
  environment: Environment,
  credentials: PlatformCredentials,
): OperatorSettings {
  const each = (prefix: 'nats' | 'otlp'): Record<DataPlaneRole, string> => {
    const known: readonly string[] = platformAuthKeys[prefix];
    const entries = roles
      .filter((role) => known.includes(role))
      .map((role) => [role, credentials.get(`${prefix}-${role}`) ?? '']);
    return Object.fromEntries(entries) as Record<DataPlaneRole, string>;
  };
  const otlpEndpoint = environment[variable.otlpEndpoint];
  return {
    natsUrl: requireVariable(environment, variable.natsUrl),
    natsPasswords: each('nats'),
    otlpTokens: each('otlp'),
    otlpEndpoint: otlpEndpoint === '' ? undefined : otlpEndpoint,
    platformCidrs: commaList(environment[variable.platformCidrs]),
    insecureRegistries: commaList(environment[variable.insecureRegistries]),
    platformImage: environment[variable.platformImage] || platformImage,
    systemNamespace: namespaceOf(environment),
    natsPassword: credentials.get('nats-operator') ?? '',
    otlpToken: credentials.get('otlp-operator') ?? '',
  };
}

function commaList(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The installation's settings from the environment and the mounted Secret clrk-platform-auth. Read again when asked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ClrkError,
  environment as variable,
  platformAuthKeys,
  platformImage,
  systemNamespace,
} from '../contract/index.ts';
import { requireVariable, type Environment } from '../process/index.ts';
import type { DataPlaneRole, PlatformSettings } from './compile/index.ts';

const roles: readonly DataPlaneRole[] = ['ingress', 'worker', 'egress'];
const maxSecretBytes = 4_096;

export interface OperatorSettings extends PlatformSettings {
  readonly natsPassword: string;
  readonly otlpToken: string;
}

export function readSettings(environment: Environment): OperatorSettings {
  const directory = requireVariable(environment, variable.platformAuthDir);
  const each = (prefix: 'nats' | 'otlp'): Record<DataPlaneRole, string> =>
    Object.fromEntries(
      roles
        .filter((role) => (platformAuthKeys[prefix] as readonly string[]).includes(role))
        .map((role) => [role, readKey(directory, `${prefix}-${role}`)]),
    ) as Record<DataPlaneRole, string>;
  const otlpEndpoint = environment[variable.otlpEndpoint];
  return {
    natsUrl: requireVariable(environment, variable.natsUrl),
    natsPasswords: each('nats'),
    otlpTokens: each('otlp'),
    otlpEndpoint: otlpEndpoint === '' ? undefined : otlpEndpoint,
    platformCidrs: commaList(environment[variable.platformCidrs]),
    insecureRegistries: commaList(environment[variable.insecureRegistries]),
    platformImage: environment[variable.platformImage] || platformImage,
    systemNamespace: environment[variable.podNamespace] || systemNamespace,
    natsPassword: readKey(directory, 'nats-operator'),
    otlpToken: readKey(directory, 'otlp-operator'),
  };
}

function readKey(directory: string, key: string): string {
  try {
    const text = readFileSync(join(directory, key), 'utf8').trim();
    if (text === '' || text.length > maxSecretBytes) throw new Error('empty or too long');
    return text;
  } catch (cause) {
    throw new ClrkError('PLATFORM_AUTH', `platform credential ${key} cannot be read`, {
      hint: `Check the Secret clrk-platform-auth and its mount at ${variable.platformAuthDir}.`,
      cause,
    });
  }
}

function commaList(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

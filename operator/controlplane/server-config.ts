/**
 * The Secret a server of the platform mounts its configuration from, derived from the platform's keys and credentials so that
 * a secret is made in one place only. Apart because NATS and ClickHouse get theirs in the same way.
 */
import { platformAuthSecret } from '../../contract/index.ts';
import type { CertificateAndKey } from '../../pki/index.ts';
import { encodeSecretData, secretText } from '../compile/index.ts';
import type { Context } from '../context.ts';
import { kinds, type Secret } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import type { KubeObject } from '../runtime/index.ts';

export interface ServerConfigInput {
  readonly context: Context;
  readonly ca: CertificateAndKey;
  /** The Secret as it is. */
  readonly observed: Secret | undefined;
  /** A key of the platform's credentials, undefined while it is missing or empty. */
  readonly credentialOf: (key: string) => string | undefined;
}

export interface ServerConfig {
  readonly part: 'nats' | 'clickhouse';
  /** Name of the Secret. */
  readonly name: string;
  /** File name to text. undefined: write nothing yet, because a server without users would refuse everyone for good. */
  readonly files: (input: ServerConfigInput) => Readonly<Record<string, string>> | undefined;
}

export async function applyServerConfig(
  context: Context,
  { part, name, files }: ServerConfig,
  ca: CertificateAndKey,
): Promise<void> {
  const { systemNamespace: namespace } = context.settings();
  const credentials = context.world.get(kinds.secret, namespace, platformAuthSecret);
  if (credentials === undefined) return;
  const observed = context.world.get(kinds.secret, namespace, name);
  const credentialOf = (key: string): string | undefined => secretText(credentials, key)?.trim() || undefined;
  const texts = files({ context, ca, observed, credentialOf });
  if (texts === undefined) return;
  const secret = {
    metadata: { namespace, name, labels: managedLabels(part) },
    type: 'Opaque',
    data: encodeSecretData(texts),
  } as KubeObject;
  await context.applier.apply(kinds.secret, secret, observed);
}

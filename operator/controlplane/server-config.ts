/**
 * The Secret a server of the platform mounts its configuration from, derived from the platform's credentials so that a
 * password is in one place only. Apart because NATS and ClickHouse get theirs in the same way.
 */
import { platformAuthSecret } from '../../contract/index.ts';
import { encodeSecretData, secretText } from '../compile/index.ts';
import type { Context } from '../context.ts';
import { kinds } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import type { KubeObject } from '../runtime/index.ts';

export interface ServerConfig {
  readonly part: 'nats' | 'clickhouse';
  /** Name of the Secret. */
  readonly name: string;
  /**
   * File name to text. `credentialOf`: a key of the platform's credentials, undefined while it is missing or empty.
   * undefined: write nothing yet, because a server without users would refuse everyone for good.
   */
  readonly files: (
    credentialOf: (key: string) => string | undefined,
  ) => Readonly<Record<string, string>> | undefined;
}

export async function applyServerConfig(
  context: Context,
  { part, name, files }: ServerConfig,
): Promise<void> {
  const { systemNamespace: namespace } = context.settings();
  const credentials = context.world.get(kinds.secret, namespace, platformAuthSecret);
  if (credentials === undefined) return;
  const texts = files((key) => secretText(credentials, key)?.trim() || undefined);
  if (texts === undefined) return;
  const secret = {
    metadata: { namespace, name, labels: managedLabels(part) },
    type: 'Opaque',
    data: encodeSecretData(texts),
  } as KubeObject;
  await context.applier.apply(kinds.secret, secret, context.world.get(kinds.secret, namespace, name));
}

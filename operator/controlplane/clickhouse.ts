/**
 * The configuration of the platform's own ClickHouse, in the Secret its StatefulSet mounts: derived from the platform's
 * credentials, as NATS's is (nats.ts). Written whether or not such a server is installed: it is a hash and a few paths.
 */
import {
  clickhouseConfigKeys,
  clickhouseConfigSecret,
  platformAuthKeys,
  platformAuthSecret,
  ports,
  renderClickhouseServer,
  renderClickhouseUsers,
} from '../../contract/index.ts';
import { encodeSecretData, secretText } from '../compile/index.ts';
import type { Context } from '../context.ts';
import { kinds } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import type { KubeObject } from '../runtime/index.ts';

/** Writes nothing while there is no password: a server without users would refuse everyone for good. */
export async function applyClickhouseConfig(context: Context): Promise<void> {
  const { systemNamespace: namespace } = context.settings();
  const credentials = context.world.get(kinds.secret, namespace, platformAuthSecret);
  const password = secretText(credentials, platformAuthKeys.clickhousePassword)?.trim() ?? '';
  if (password === '') return;
  const secret = {
    metadata: { namespace, name: clickhouseConfigSecret, labels: managedLabels('clickhouse') },
    type: 'Opaque',
    data: encodeSecretData({
      [clickhouseConfigKeys.server]: renderClickhouseServer(ports.clickhouse),
      [clickhouseConfigKeys.users]: renderClickhouseUsers(password),
    }),
  } as KubeObject;
  const observed = context.world.get(kinds.secret, namespace, clickhouseConfigSecret);
  await context.applier.apply(kinds.secret, secret, observed);
}

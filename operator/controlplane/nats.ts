/**
 * The configuration of the cluster's NATS, in the Secret its StatefulSet mounts: derived from the platform's
 * credentials, so that a password is in one place only. NATS reads it at start: after a rotation it is restarted.
 */
import {
  natsConfigKey,
  natsConfigSecret,
  natsStoreDir,
  platformAuthSecret,
  ports,
  renderNatsConfig,
  rolePermissions,
} from '../../contract/index.ts';
import { encodeSecretData, secretText } from '../compile/index.ts';
import type { Context } from '../context.ts';
import { kinds } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import type { KubeObject } from '../runtime/index.ts';

/** Writes nothing while the credentials are not there: a server without users would refuse everyone for good. */
export async function applyNatsConfig(context: Context): Promise<void> {
  const { systemNamespace: namespace } = context.settings();
  const credentials = context.world.get(kinds.secret, namespace, platformAuthSecret);
  if (credentials === undefined) return;
  const passwords = Object.fromEntries(
    Object.keys(rolePermissions).flatMap((role) => {
      const password = secretText(credentials, `nats-${role}`)?.trim() ?? '';
      return password === '' ? [] : [[role, password]];
    }),
  );
  const text = renderNatsConfig({
    serverName: 'clrk-nats',
    host: '0.0.0.0',
    port: ports.nats,
    storeDir: natsStoreDir,
    passwords,
  });
  const secret = {
    metadata: { namespace, name: natsConfigSecret, labels: managedLabels('nats') },
    type: 'Opaque',
    data: encodeSecretData({ [natsConfigKey]: text }),
  } as KubeObject;
  const observed = context.world.get(kinds.secret, namespace, natsConfigSecret);
  await context.applier.apply(kinds.secret, secret, observed);
}

/** The configuration of the cluster's NATS. It reads it at start: after a rotation it is restarted. */
import {
  natsConfigKey,
  natsConfigSecret,
  natsStoreDir,
  ports,
  renderNatsConfig,
  rolePermissions,
} from '../../contract/index.ts';
import type { ServerConfig } from './server-config.ts';

export const natsConfig: ServerConfig = {
  part: 'nats',
  name: natsConfigSecret,
  files: (credentialOf) => {
    const passwords = Object.fromEntries(
      Object.keys(rolePermissions).flatMap((role) => {
        const password = credentialOf(`nats-${role}`);
        return password === undefined ? [] : [[role, password]];
      }),
    );
    const text = renderNatsConfig({
      serverName: 'clrk-nats',
      host: '0.0.0.0',
      port: ports.nats,
      storeDir: natsStoreDir,
      passwords,
    });
    return { [natsConfigKey]: text };
  },
};

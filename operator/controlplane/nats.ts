/**
 * The configuration of the cluster's NATS and its certificate. The server reads both at start: after a rotation of the root it
 * is restarted, and the certificate lives as long as the CA because nothing tells a running server of a new one.
 */
import {
  natsConfigDir,
  natsConfigKey,
  natsConfigSecret,
  natsStoreDir,
  natsTlsKeys,
  ports,
  renderNatsConfig,
} from '../../contract/index.ts';
import { currentLeaf } from '../certificate.ts';
import { secretText } from '../compile/index.ts';
import { serviceNames } from './leaf.ts';
import type { ServerConfig } from './server-config.ts';

const certificateTtlMs = 9 * 365 * 24 * 60 * 60_000;

export const natsConfig: ServerConfig = {
  part: 'nats',
  name: natsConfigSecret,
  files: ({ context, ca, observed }) => {
    const { keys, systemNamespace } = context.settings();
    const wish = {
      commonName: 'clrk-nats',
      dnsNames: serviceNames('clrk-nats', systemNamespace),
      ips: [],
      usage: 'server',
      ttlMs: certificateTtlMs,
    } as const;
    const pair = {
      certificatePem: secretText(observed, natsTlsKeys.certificate),
      privateKeyPem: secretText(observed, natsTlsKeys.privateKey),
    };
    const leaf = currentLeaf(ca, wish, pair, context.now());
    const text = renderNatsConfig({
      serverName: 'clrk-nats',
      host: '0.0.0.0',
      port: ports.nats,
      storeDir: natsStoreDir,
      trust: keys.natsTrust(),
      tls: {
        certificate: `${natsConfigDir}/${natsTlsKeys.certificate}`,
        privateKey: `${natsConfigDir}/${natsTlsKeys.privateKey}`,
      },
    });
    return {
      [natsConfigKey]: text,
      [natsTlsKeys.certificate]: leaf.certificatePem,
      [natsTlsKeys.privateKey]: leaf.privateKeyPem,
    };
  },
};

/**
 * One config document made ready for the hot path: keys decoded, aliases indexed, leaves and trust prepared. Apart
 * because a request keeps the snapshot it started with while the next one may already run on another. Never logged.
 */
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { parseHostname, type FramePeer, type GatewayConfig } from '../contract/index.ts';
import { SecretForms } from './pipeline/scrub.ts';
import { LeafStore, type LeafIssuer } from './tls/leaf-store.ts';

export interface Snapshot {
  readonly config: GatewayConfig;
  readonly digest: string;
  /** `ns/name` of the gateway. */
  readonly gateway: string;
  readonly framePeers: ReadonlyMap<string, FramePeer>;
  /** Addresses that the gateway's owner pinned for a name. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly leaves: LeafStore;
  readonly upstreamTls: SecureContext;
  readonly secretForms: SecretForms;
}

function indexAliases(config: GatewayConfig): Map<string, string[]> {
  const aliases = new Map<string, string[]>();
  for (const alias of config.upstream.hostAliases) {
    for (const text of alias.hostnames) {
      const hostname = parseHostname(text);
      if (hostname === undefined) continue;
      aliases.set(hostname, [...(aliases.get(hostname) ?? []), alias.ip]);
    }
  }
  return aliases;
}

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Throws when certificates or keys do not parse: the caller keeps the snapshot it has. */
export function createSnapshot(
  config: GatewayConfig,
  issuerOf: (ca: GatewayConfig['ca']) => LeafIssuer,
): Snapshot {
  const extra = config.upstream.additionalTrustPem.match(certificate) ?? [];
  return {
    config,
    digest: config.digest,
    gateway: `${config.gateway.namespace}/${config.gateway.name}`,
    framePeers: new Map(
      config.framePeers.map(({ pool, keyBase64, agents }) => [
        pool,
        { key: Buffer.from(keyBase64, 'base64'), agents: new Set(agents) },
      ]),
    ),
    aliases: indexAliases(config),
    leaves: new LeafStore(config.ca.certificatePem, issuerOf(config.ca)),
    upstreamTls: createSecureContext({ ca: [...rootCertificates, ...extra], minVersion: 'TLSv1.2' }),
    secretForms: new SecretForms(),
  };
}

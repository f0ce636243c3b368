/**
 * One config document made ready for the hot path: keys decoded, the policy indexed, leaves and trust prepared. Apart
 * because a request keeps the snapshot it started with while the next one may already run on another. Never logged.
 */
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { gatewayPolicyDigest, type FramePeer, type GatewayConfig } from '../contract/index.ts';
import { PolicyIndex, SitePlans } from '../decision/index.ts';
import { PriceList } from './price.ts';
import { SecretForms } from './scrub/index.ts';
import { LeafStore, type LeafIssuer } from './tls/leaf-store.ts';

export interface Snapshot {
  readonly config: GatewayConfig;
  readonly digest: string;
  /** Of what manifests decide in it. */
  readonly policyDigest: string;
  /** `ns/name` of the gateway. */
  readonly gateway: string;
  readonly framePeers: ReadonlyMap<string, FramePeer>;
  /** What the policy says of each destination. */
  readonly plans: SitePlans;
  readonly leaves: LeafStore;
  readonly upstreamTls: SecureContext;
  readonly secretForms: SecretForms;
  readonly prices: PriceList;
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Throws when certificates or keys do not parse: the caller keeps the snapshot it has. */
export function createSnapshot(
  config: GatewayConfig,
  issuerOf: (ca: GatewayConfig['ca']) => LeafIssuer,
): Snapshot {
  const extra = config.upstream.additionalTrustPem.match(certificate) ?? [];
  return {
    config,
    digest: config.digest,
    policyDigest: gatewayPolicyDigest(config),
    gateway: `${config.gateway.namespace}/${config.gateway.name}`,
    framePeers: new Map(
      config.framePeers.map(({ pool, keyBase64, agents }) => [
        pool,
        { key: Buffer.from(keyBase64, 'base64'), agents: new Set(agents) },
      ]),
    ),
    plans: new SitePlans(new PolicyIndex(config)),
    leaves: new LeafStore(config.ca.certificatePem, issuerOf(config.ca)),
    upstreamTls: createSecureContext({ ca: [...rootCertificates, ...extra], minVersion: 'TLSv1.2' }),
    secretForms: new SecretForms(),
    prices: new PriceList(),
  };
}

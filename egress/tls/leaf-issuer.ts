/** Leaves from the gateway's CA through `pki/`. Apart so that the store can be tested without a CA. */
import type { GatewayConfig } from '../../contract/index.ts';
import { issueLeaf } from '../../pki/index.ts';
import { leafTtlMs, type LeafIssuer } from './leaf-store.ts';

export function createLeafIssuer(ca: GatewayConfig['ca']): LeafIssuer {
  return ({ name, ip, keyPair }) =>
    issueLeaf({
      ca,
      commonName: name.slice(0, 64),
      dnsNames: ip ? [] : [name],
      ips: ip ? [name] : [],
      ttlMs: leafTtlMs,
      usage: 'server',
      keyPair,
    });
}

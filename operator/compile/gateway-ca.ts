/** The CA a gateway signs with: the Secret a listener's tls.caCertRef names, else the one the operator made. */
import { kinds, type EgressGateway } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { childName } from './name.ts';
import { secretText } from './secret-value.ts';

export type GatewayCa =
  | { readonly found: true; readonly certificatePem: string; readonly privateKeyPem: string }
  | { readonly found: false; readonly secret: string };

/** Name of the Secret a person brought, if any; one CA a gateway: the first listener that names one. */
export function ownCaSecret(gateway: EgressGateway): string | undefined {
  return gateway.spec.listeners.find((listener) => listener.tls?.caCertRef !== undefined)?.tls?.caCertRef
    ?.name;
}

export function gatewayCa(world: World, gateway: EgressGateway): GatewayCa {
  const { namespace, name } = gateway.metadata;
  const secretName = ownCaSecret(gateway) ?? childName.gatewayCa(name);
  const secret = world.get(kinds.secret, namespace, secretName);
  const certificatePem = secretText(secret, 'tls.crt');
  const privateKeyPem = secretText(secret, 'tls.key');
  if (!certificatePem || !privateKeyPem) return { found: false, secret: secretName };
  return { found: true, certificatePem, privateKeyPem };
}

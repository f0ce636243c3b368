/**
 * Which CredentialInjectionPolicies put their secret on a call. As the gateway: bound to the gateway (where a route, not
 * allow-all, opened the host), to the route, or to the backend chosen; never outside TLS.
 */
import type { GatewayCredential, ProviderBackend, ProviderRoute } from '../../contract/index.ts';
import type { Leg, Site } from './outcome.ts';

/** The rule that took the call. */
export interface Taken {
  readonly route: ProviderRoute['route'];
  readonly backend: ProviderBackend | undefined;
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

function isNamed(target: GatewayCredential['target'], object: Named): boolean {
  return target.namespace === object.namespace && target.name === object.name;
}

function applies({ target }: GatewayCredential, site: Site, taken: Taken | undefined): boolean {
  switch (target.kind) {
    case 'EgressGateway':
      return (
        (site.route !== undefined || taken !== undefined) && isNamed(target, site.gateway.document.gateway)
      );
    case 'AIProviderRoute':
      return (
        taken !== undefined &&
        isNamed(target, taken.route) &&
        (target.sectionName === undefined || target.sectionName === taken.backend?.name)
      );
    case 'MCPRoute':
      return false;
    default:
      return target.kind satisfies never;
  }
}

/** `ns/name` of the policies, sorted; undefined: the gateway refuses the call because of one of them. */
export function credentialsAt(site: Site, leg: Leg, taken: Taken | undefined): string[] | undefined {
  const applicable = site.gateway.document.credentials.filter((each) => applies(each, site, taken));
  if (applicable.length > 0 && !(leg.tls && site.tls)) return undefined;
  if (applicable.some(({ inject }) => inject.type === 'Broken')) return undefined;
  return [...new Set(applicable.map(({ policy }) => `${policy.namespace}/${policy.name}`))].sort();
}

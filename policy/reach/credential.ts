/**
 * Which CredentialInjectionPolicies put their secret on a call. As the gateway: bound to the gateway (where a route, not
 * allow-all, opened the host), to the route, or to the backend chosen; never outside TLS.
 */
import {
  refusedToday,
  type GatewayCredential,
  type ProviderBackend,
  type ProviderRoute,
} from '../../contract/index.ts';
import type { Leg, Outcome, Site } from './outcome.ts';

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

/** Names sorted; undefined: the gateway refuses the call because of one of the policies. */
export function credentialsAt(
  site: Site,
  leg: Leg,
  taken: Taken | undefined,
): Pick<Outcome, 'credentials' | 'refused'> | undefined {
  const applicable = site.gateway.document.credentials.filter((each) => applies(each, site, taken));
  if (applicable.length > 0 && !(leg.tls && site.tls)) return undefined;
  if (applicable.some(({ inject }) => inject.type === 'Broken')) return undefined;
  const names = applicable.map(({ policy }) => `${policy.namespace}/${policy.name}`);
  const signs = applicable.some(({ inject }) => inject.type === 'AWSv4');
  return {
    credentials: [...new Set(names)].sort(),
    ...(signs ? { refused: refusedToday.AWSv4 } : {}),
  };
}

/**
 * What passes only because a gateway audits: why it would be refused, and what would open it. Pure. It opens nothing itself and is asked
 * after everything that refuses; the words are for people who write routes, bounded, and hold nothing of a query, a field or a body.
 */
import {
  byRulesAlone,
  decideDestination,
  type Destination,
  type DestinationPolicy,
  type DenyReason,
} from '../contract/index.ts';
import type { Call, Refusal, Site } from './call.ts';

export interface WouldDeny {
  readonly reason: DenyReason;
  /** Of the route that would open it: kind and fields. */
  readonly opens: string;
}

/** Is the destination open by nothing but the audit? */
export function isAudited(policy: DestinationPolicy, destination: Destination): boolean {
  if (policy.audit !== true || !decideDestination(policy, destination).open) return false;
  return !decideDestination(byRulesAlone(policy), destination).open;
}

const maxText = 200;

function shown(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text;
}

function portOf(port: number, usual: number | undefined): string {
  return port === usual ? '' : `, ports [${port}]`;
}

/** Bytes that nobody reads, or a place without a name. */
function l4Of({ hostname, ip, port }: Site): string {
  const where =
    hostname === undefined
      ? `destinationCIDRs [${ip ?? ''}/${ip?.includes(':') === true ? 128 : 32}]`
      : `destinationHostnames [${hostname}]`;
  return `EgressL4Route: ${where}${portOf(port, undefined)}`;
}

export function auditBytes(site: Site): WouldDeny {
  return { reason: site.hostname === undefined ? 'ip_literal' : 'policy', opens: l4Of(site) };
}

interface ReadCall {
  readonly provider: string | undefined;
  readonly model: string | undefined;
  /** As it would be answered; undefined: nothing opens the place. */
  readonly refusal: Refusal | undefined;
}

function routeOf(site: Site, { method, path }: Call, { provider, model }: ReadCall): string {
  const { hostname, port } = site;
  if (hostname === undefined) return l4Of(site);
  if (provider !== undefined && port === 443) {
    const calls = model === undefined ? `endpoints [${shown(path)}]` : `models [${shown(model)}]`;
    return `AIProviderRoute: provider ${provider}, ${calls}`;
  }
  const call = `methods [${shown(method)}], path Exact ${shown(path)}`;
  return `EgressHTTPRoute: hostnames [${hostname}]${portOf(port, 443)}, ${call}`;
}

export function auditCall(site: Site, call: Call, read: ReadCall): WouldDeny {
  const reason = read.refusal?.reason ?? (site.hostname === undefined ? 'ip_literal' : 'policy');
  return { reason, opens: routeOf(site, call, read) };
}

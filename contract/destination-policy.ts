/**
 * Which destinations a gateway opens, compiled, and the one function that decides. The worker asks it for a
 * DNS name, the gateway asks it again for the connection, `policy/` asks it for reach: one rule, one place.
 * It must never open by default: an unparsable rule opens nothing.
 */
import { cidrContains, parseCidr, parseIp, type Cidr } from './ip-address.ts';
import { matchesHostname, parseHostnamePattern, type Hostname, type HostnamePattern } from './hostname.ts';
import { isPrivateAddress, reservedReason } from './reserved-address.ts';
import type { CallLimit, LoggingRule, RouteBackend } from './config-parts.ts';
import type { DenyReason } from './deny-reason.ts';

export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** Hostnames and CIDRs are OR-ed; ports and protocol AND-ed. Empty hostnames and cidrs open nothing. */
export interface DestinationRule {
  /** `Kind/ns/name` of a route, for records. */
  readonly route: string;
  readonly hostnames: readonly string[];
  readonly cidrs: readonly string[];
  /** Empty: every port. */
  readonly ports: readonly PortRange[];
  readonly protocol: 'TCP' | 'UDP';
  /** Agent ids (`TaskAgent/ns/name`) it applies to; absent: all. */
  readonly sourceAgents?: readonly string[];
  /** Where what it opens is dialled instead, one by weight; absent: where the agent sent it. */
  readonly backends?: readonly RouteBackend[];
  /** LoggingPolicies of the rule. */
  readonly logging?: LoggingRule;
  /** RateLimitPolicies of the rule. */
  readonly limits?: readonly CallLimit[];
}

/** What an EgressDenyPolicy takes away, whatever rule or default opens it. */
export interface DestinationDenial extends DestinationRule {
  /** `ns/name` of the policy. */
  readonly policy: string;
}

export interface DestinationPolicy {
  readonly defaultPolicy: 'deny-all' | 'allow-all';
  /** It is allow-all only to find out what routes do not open: that carries no key, and is recorded as what would be denied. */
  readonly audit?: true;
  /** What no route opens is open to calls that a person allows. Beside deny-all, so that a reader who does not know it denies. */
  readonly asksUnlisted?: true;
  /** In order; first match opens. */
  readonly rules: readonly DestinationRule[];
  /** Absent: none. */
  readonly denials?: readonly DestinationDenial[];
  /** The platform's own addresses as CIDRs; never open. */
  readonly platformCidrs: readonly string[];
}

/** `port` absent: is there any port on which the name is open (what DNS asks). */
export interface Destination {
  readonly agent: string;
  readonly hostname?: Hostname;
  readonly ip?: string;
  readonly port?: number;
}

export type DestinationVerdict =
  /** `asks`: no route opens it, and each call there waits for a person. */
  | { readonly open: true; readonly rule: DestinationRule | undefined; readonly asks?: true }
  | { readonly open: false; readonly reason: DenyReason; readonly denial?: DestinationDenial };

interface CompiledRule {
  readonly patterns: readonly HostnamePattern[];
  readonly cidrs: readonly Cidr[];
}

/** Parsed once an object, because DNS and every connection ask. Documents are immutable once in force. */
const compiledRules = new WeakMap<DestinationRule, CompiledRule>();
const compiledPlatforms = new WeakMap<DestinationPolicy, readonly Cidr[] | undefined>();

/** What does not parse (a TLD wildcard, an octal address) is left out: it opens nothing. */
function compiled(rule: DestinationRule): CompiledRule {
  const known = compiledRules.get(rule);
  if (known !== undefined) return known;
  const fresh = {
    patterns: rule.hostnames.map(parseHostnamePattern).filter((each) => each !== undefined),
    cidrs: rule.cidrs.map(parseCidr).filter((each) => each !== undefined),
  };
  compiledRules.set(rule, fresh);
  return fresh;
}

/** Undefined when one does not parse: then nobody knows what is the platform's, and nothing may open. */
function platformOf(policy: DestinationPolicy): readonly Cidr[] | undefined {
  if (!compiledPlatforms.has(policy)) {
    const cidrs = policy.platformCidrs.map(parseCidr).filter((each) => each !== undefined);
    compiledPlatforms.set(policy, cidrs.length === policy.platformCidrs.length ? cidrs : undefined);
  }
  return compiledPlatforms.get(policy);
}

function portMatches(rule: DestinationRule, port: number | undefined): boolean {
  if (port === undefined || rule.ports.length === 0) return true;
  return rule.ports.some((range) => port >= range.start && port <= range.end);
}

function cidrMatches(rule: DestinationRule, ip: string | undefined): boolean {
  const address = ip === undefined ? undefined : parseIp(ip);
  return address !== undefined && compiled(rule).cidrs.some((cidr) => cidrContains(cidr, address));
}

function nameMatches(rule: DestinationRule, hostname: Hostname | undefined): boolean {
  return (
    hostname !== undefined && compiled(rule).patterns.some((pattern) => matchesHostname(pattern, hostname))
  );
}

function applies(rule: DestinationRule, destination: Destination): boolean {
  if (rule.protocol !== 'TCP') return false;
  if (rule.sourceAgents !== undefined && !rule.sourceAgents.includes(destination.agent)) return false;
  return portMatches(rule, destination.port);
}

/**
 * The denial that covers a destination, if one does. A name without a port (what DNS asks) is covered only by a denial of
 * every port: the connection that follows is judged with its port.
 */
export function denialOf(policy: DestinationPolicy, destination: Destination): DestinationDenial | undefined {
  const { hostname, ip, port } = destination;
  return policy.denials?.find(
    (denial) =>
      (port !== undefined || denial.ports.length === 0) &&
      applies(denial, destination) &&
      (nameMatches(denial, hostname) || cidrMatches(denial, ip)),
  );
}

/** Judges an address on its own: reserved, the platform's, or private without a CIDR rule. */
export function judgeAddress(
  policy: DestinationPolicy,
  ip: string,
  namedByCidr: boolean,
): DenyReason | undefined {
  const address = parseIp(ip);
  if (address === undefined) return 'protocol';
  const reserved = reservedReason(address);
  if (reserved !== undefined) return reserved;
  const platform = platformOf(policy);
  if (platform === undefined || platform.some((cidr) => cidrContains(cidr, address))) return 'platform';
  return isPrivateAddress(address) && !namedByCidr ? 'private' : undefined;
}

/** As if the gateway opened nothing by itself: what its rules alone open. */
export function byRulesAlone({ asksUnlisted: _asks, ...policy }: DestinationPolicy): DestinationPolicy {
  return { ...policy, defaultPolicy: 'deny-all' };
}

/**
 * Is this destination open? Give `hostname` for a name the worker handed out, `ip` for a literal.
 * For a name, the gateway must afterwards pass each address it resolved through `judgeAddress`.
 */
export function decideDestination(policy: DestinationPolicy, destination: Destination): DestinationVerdict {
  const { hostname, ip } = destination;
  const rules = policy.rules.filter((candidate) => applies(candidate, destination));
  if (ip !== undefined) {
    const namedByCidr = rules.some((candidate) => cidrMatches(candidate, ip));
    const reason = judgeAddress(policy, ip, namedByCidr);
    if (reason !== undefined) return { open: false, reason };
  }
  const denial = denialOf(policy, destination);
  if (denial !== undefined) return { open: false, reason: 'deny_policy', denial };
  const rule = rules.find((candidate) => nameMatches(candidate, hostname) || cidrMatches(candidate, ip));
  if (rule !== undefined) return { open: true, rule };
  if (policy.defaultPolicy === 'allow-all') return { open: true, rule: undefined };
  if (policy.asksUnlisted === true) return { open: true, rule: undefined, asks: true };
  return { open: false, reason: ip === undefined ? 'policy' : 'ip_literal' };
}

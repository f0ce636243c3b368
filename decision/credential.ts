/**
 * Which secrets go on the calls of one way. Pure. A secret is bound to what its policy targets: to the very hosts and ports
 * which that object opened, over TLS, and nowhere else (S39). A policy whose Secret is missing refuses the call: nothing
 * leaves unauthenticated because of our fault.
 */
import type { GatewayCredential, RouteBackend, SecretSource } from '../contract/index.ts';
import { awsRegionOf } from './aws-region.ts';
import { refuse, type Refusal, type Site, type UpstreamTarget } from './call.ts';
import { governedBy } from './mcp/plan.ts';
import type { Opener } from './opener.ts';
import type { PolicyIndex } from './policy-index.ts';
import { tokenField, tokenNeedOf, type TokenNeed } from './token.ts';

export interface InjectedField {
  /** Lower case. */
  readonly name: string;
  /** As the policy spells it. */
  readonly raw: string;
  readonly value: string;
}

/** Where a secret that goes on calls is from and where it is put, for people; never the secret itself. */
export interface CredentialOrigin {
  /** `ns/name` of the policy. */
  readonly policy: string;
  readonly place: 'header' | 'query' | 'signature' | 'token';
  /** Of the header, lower case, or of the query parameter; of a signature `service/region`; of a token, where it is asked for. */
  readonly name: string;
  /** undefined: the document does not say. */
  readonly source: SecretSource | undefined;
}

/** By which the gateway signs each call with AWS Signature Version 4; the secret key itself never leaves. */
export interface AwsSigning {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly service: string;
  readonly region: string;
}

export interface Injection {
  readonly kind: 'inject';
  readonly fields: readonly InjectedField[];
  readonly query: ReadonlyArray<readonly [string, string]>;
  /** undefined: the call is not signed. */
  readonly signing: AwsSigning | undefined;
  /** To be asked for before the call; undefined: no token goes on it. */
  readonly token: TokenNeed | undefined;
  /** What came with the token and asks for the next one; absent: nothing did. */
  readonly renewsBy?: string;
  /** `ns/name` of the policies applied. */
  readonly policies: readonly string[];
  /** Of `fields` and of a signature: what a record does not show. */
  readonly names: ReadonlySet<string>;
}

/** With what a person wants to know of it. */
export interface PlannedInjection extends Injection {
  /** Of each field and parameter, sorted by place and name. */
  readonly origins: readonly CredentialOrigin[];
}

export interface CredentialRefusal extends Refusal {
  readonly policy: string;
}

/** `none`: no policy puts a secret on these calls, and the agent's own stays. */
export type CredentialPlan = { readonly kind: 'none' } | PlannedInjection | CredentialRefusal;

const none: CredentialPlan = { kind: 'none' };

/** Nothing goes on the call, and the agent's own credentials come off it. */
export const noCredentials: Injection = {
  kind: 'inject',
  fields: [],
  query: [],
  signing: undefined,
  token: undefined,
  policies: [],
  names: new Set(),
};

/** What goes on the call, now that the token is there. */
export function withToken(injection: Injection, token: string, renewsBy?: string): Injection {
  const field = { name: tokenField, raw: 'Authorization', value: `Bearer ${token}` };
  const fields = [...injection.fields, field];
  return renewsBy === undefined ? { ...injection, fields } : { ...injection, fields, renewsBy };
}

/** One way of calls, before its secret. */
export interface CredentialUse {
  /** Where the agent sent them. */
  readonly site: Site;
  readonly opener: Opener | undefined;
  /** The route whose rule took them. */
  readonly route: Opener | undefined;
  readonly backend: RouteBackend | undefined;
  readonly target: UpstreamTarget;
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

function isNamed(object: Named | undefined, { namespace, name }: Named): boolean {
  return object !== undefined && object.namespace === namespace && object.name === name;
}

type Sent = Pick<CredentialUse, 'site' | 'target'>;
function isOpenedBy(index: PolicyIndex, route: Opener, { site, target }: Sent): boolean {
  const { hostname, port } = target;
  return hostname !== undefined && index.opens(route, { agent: site.agent, hostname, port });
}

/** Is it a rule of this very route that took the calls? Routes of two kinds may have one name. */
function isTakenBy(target: GatewayCredential['target'], { route }: CredentialUse): boolean {
  return route?.kind === target.kind && isNamed(route, target);
}

/** Where it sends its calls somewhere else: on those, from where it opened. Else: at the hosts that it opened. */
function isOfMcpRoute(target: GatewayCredential['target'], index: PolicyIndex, use: CredentialUse): boolean {
  const route: Opener = { kind: 'MCPRoute', namespace: target.namespace, name: target.name };
  if (use.route?.kind === 'MCPRoute') {
    const isOfBackend = target.sectionName === undefined || target.sectionName === use.backend?.name;
    const here = { ...use, target: use.site };
    return isNamed(use.route, target) && isOfBackend && isOpenedBy(index, route, here);
  }
  return (
    target.sectionName === undefined &&
    governedBy(index.mcpRoutes, use.target.hostname).some((each) => isNamed(each.route.route, target)) &&
    isOpenedBy(index, route, use)
  );
}

function applies({ target }: GatewayCredential, index: PolicyIndex, use: CredentialUse): boolean {
  switch (target.kind) {
    case 'EgressGateway':
      // Not where only allow-all let the call through: nobody wrote that host down.
      return use.opener !== undefined && isNamed(index.policy.gateway, target);
    case 'MCPRoute':
      return isOfMcpRoute(target, index, use);
    case 'EgressHTTPRoute':
      return isTakenBy(target, use);
    case 'AIProviderRoute':
      return (
        isTakenBy(target, use) &&
        (target.sectionName === undefined || target.sectionName === use.backend?.name)
      );
    default:
      return target.kind satisfies never;
  }
}

function refusal({ policy }: GatewayCredential, message: string): CredentialRefusal {
  const name = `${policy.namespace}/${policy.name}`;
  return {
    ...refuse(502, 'credential', `${message} (CredentialInjectionPolicy ${name})`),
    code: 'CREDENTIAL_UNAVAILABLE',
    policy: name,
  };
}

/** Gateway-wide first, route next, backend last: the closest binding wins. */
function closeness({ target }: GatewayCredential): number {
  if (target.kind === 'EgressGateway') return 0;
  return target.sectionName === undefined ? 1 : 2;
}

interface Collected {
  readonly fields: Map<string, InjectedField>;
  readonly query: Map<string, string>;
  signing: AwsSigning | undefined;
  token: TokenNeed | undefined;
  readonly origins: Map<string, CredentialOrigin>;
}

function remember(
  { policy, source }: GatewayCredential,
  into: Collected,
  at: Pick<CredentialOrigin, 'place' | 'name'>,
): void {
  const origin = { policy: `${policy.namespace}/${policy.name}`, ...at, source };
  into.origins.set(`${at.place} ${at.name}`, origin);
}

/** What RFC 9110 5.5 allows in a field value. */
const fieldText = /^[\t\x20-\x7e\x80-\xff]+$/;

/** Fields a signature writes: none of them is another credential's beside it. */
const awsSignatureFields = [
  'authorization',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
] as const;

/** The closest binding has the fields it writes to itself: what wrote one before is off it, and a signature whole. */
function giveWay(into: Collected, names: readonly string[]): void {
  const signs = awsSignatureFields.some((name) => names.includes(name));
  const asks = names.includes(tokenField);
  if (signs) into.signing = undefined;
  if (asks) into.token = undefined;
  for (const name of names) into.fields.delete(name);
  const gives = ({ place, name }: CredentialOrigin): boolean => {
    if (place === 'signature') return signs;
    return place === 'token' ? asks : place === 'header' && names.includes(name);
  };
  for (const [key, origin] of into.origins) if (gives(origin)) into.origins.delete(key);
}

function collectSigning(
  credential: GatewayCredential,
  inject: Extract<GatewayCredential['inject'], { type: 'AWSv4' }>,
  { hostname }: UpstreamTarget,
  into: Collected,
): CredentialRefusal | undefined {
  const { keys, service = 'bedrock' } = inject;
  if (keys === undefined)
    return refusal(credential, 'the keys of this signature have not come yet; try again');
  const region = inject.region ?? (hostname === undefined ? undefined : awsRegionOf(hostname));
  if (region === undefined) {
    return refusal(credential, 'the host names no AWS region and providerAuth.region is not set');
  }
  giveWay(into, awsSignatureFields);
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  into.signing = { accessKeyId, secretAccessKey, sessionToken, service, region };
  remember(credential, into, { place: 'signature', name: `${service}/${region}` });
  return undefined;
}

function collect(
  index: PolicyIndex,
  credential: GatewayCredential,
  target: UpstreamTarget,
  into: Collected,
): CredentialRefusal | undefined {
  const { inject } = credential;
  switch (inject.type) {
    case 'Broken':
      return refusal(credential, `the credential for this host cannot be used: ${inject.reason}`);
    case 'AWSv4':
      return collectSigning(credential, inject, target, into);
    case 'Header':
      if (!fieldText.test(inject.value)) {
        return refusal(credential, 'the credential for this host holds characters a header cannot carry');
      }
      giveWay(into, [inject.name.toLowerCase()]);
      remember(credential, into, { place: 'header', name: inject.name.toLowerCase() });
      into.fields.set(inject.name.toLowerCase(), {
        name: inject.name.toLowerCase(),
        raw: inject.name,
        value: inject.value,
      });
      return undefined;
    case 'Token':
      giveWay(into, [tokenField]);
      remember(credential, into, { place: 'token', name: inject.endpoint });
      into.token = tokenNeedOf(credential, inject, index.policy.gateway);
      return undefined;
    case 'QueryParam':
      remember(credential, into, { place: 'query', name: inject.name });
      into.query.set(inject.name, inject.value);
      return undefined;
    default:
      return inject satisfies never;
  }
}

export function computeCredential(index: PolicyIndex, use: CredentialUse): CredentialPlan {
  const applicable = index.policy.credentials
    .filter((credential) => applies(credential, index, use))
    .sort((a, b) => closeness(a) - closeness(b));
  const [first] = applicable;
  if (first === undefined) return none;
  if (!use.target.tls || !use.site.tls) return refusal(first, 'credentials are only sent over TLS');
  const collected: Collected = {
    ...{ fields: new Map(), query: new Map(), origins: new Map() },
    ...{ signing: undefined, token: undefined },
  };
  for (const credential of applicable) {
    const refused = collect(index, credential, use.target, collected);
    if (refused !== undefined) return refused;
  }
  return {
    kind: 'inject',
    fields: [...collected.fields.values()],
    query: [...collected.query],
    signing: collected.signing,
    token: collected.token,
    policies: applicable.map(({ policy }) => `${policy.namespace}/${policy.name}`),
    origins: [...collected.origins].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, origin]) => origin),
    names: new Set([
      ...collected.fields.keys(),
      ...(collected.signing === undefined ? [] : awsSignatureFields),
      ...(collected.token === undefined ? [] : [tokenField]),
    ]),
  };
}

/**
 * Who speaks on a platform connection: a singleton role, or one pool or gateway by name. Apart because NATS rights,
 * inboxes, OTLP tokens and certificates are all derived from it, and must never differ about who somebody is.
 */

/** Roles of the system namespace: they may speak for every namespace. */
export const platformRoles = ['operator', 'ingress', 'telemetry'] as const;
export type PlatformRole = (typeof platformRoles)[number];

/** A pool's workers or a gateway: it runs in a tenant's namespace and speaks for itself alone. */
export interface TenantIdentity {
  readonly role: 'worker' | 'egress';
  readonly namespace: string;
  /** Of the WorkerPool or EgressGateway. */
  readonly name: string;
  /** Of the object, so that a namesake made later is somebody else. */
  readonly uid: string;
}

export type PlatformIdentity = { readonly role: PlatformRole } | TenantIdentity;

/** Dots separate NATS tokens, so dots in names become `_`, which no Kubernetes name holds. */
export function natsToken(text: string): string {
  return text.replaceAll('.', '_');
}

/** `role`, or `role.namespace.name`: names the NATS user and its inboxes. */
export function identityName(identity: PlatformIdentity): string {
  if (!('namespace' in identity)) return identity.role;
  return [identity.role, natsToken(identity.namespace), natsToken(identity.name)].join('.');
}

/** Where answers to this identity's requests go; nobody else may subscribe to it. */
export function inboxOf(identity: PlatformIdentity): string {
  return `_INBOX.${identityName(identity)}`;
}

/** URI in the certificate of a pool's dispatch port. `pool`: `namespace/name`. */
export function poolUri(pool: string): string {
  return `clrk://pool/${pool}`;
}

/** URI in the ingress's client certificate. */
export const ingressUri = 'clrk://ingress';

/** True when a certificate's names (as node:tls and node:crypto give them) hold exactly this URI. */
export function namesUri(subjectAltName: string | undefined, uri: string): boolean {
  return (subjectAltName ?? '').split(', ').includes(`URI:${uri}`);
}

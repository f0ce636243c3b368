/**
 * Who a caller is when the API server says so: its front proxy, known by a certificate of the cluster's request-header CA,
 * names the user in headers. Pure. From anybody else these headers are noise and are not looked at.
 */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What `kube-system/extension-apiserver-authentication` says. */
export interface RequestHeaderConfig {
  readonly caPem: string;
  /** Common names of front proxies; empty: any the CA signed. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

/** Of the TLS connection: what the certificate was proved to be. */
export interface Peer {
  /** Signed by the request-header CA, in time, for clients. */
  readonly isVerified: boolean;
  readonly commonName: string;
}

type Headers = Readonly<Record<string, readonly string[] | undefined>>;

const maxGroups = 1024;

function textsOf(json: string | undefined): readonly string[] {
  try {
    const value: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

const lower = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());

/** Undefined: the cluster has no front proxy, or says it in a way that cannot be read: nobody is believed. */
export function parseRequestHeaderConfig(
  data: Readonly<Record<string, string>>,
): RequestHeaderConfig | undefined {
  const caPem = data['requestheader-client-ca-file'] ?? '';
  const usernameHeaders = lower(textsOf(data['requestheader-username-headers']));
  const names = data['requestheader-allowed-names'];
  const allowedNames = textsOf(names);
  // A list that cannot be read must not read as "anybody".
  const isUnreadable =
    allowedNames.length === 0 && !['', '[]', '[""]', 'null'].includes((names ?? '').replace(/\s/g, ''));
  if (!caPem.includes('BEGIN CERTIFICATE') || usernameHeaders.length === 0 || isUnreadable) return undefined;
  return {
    caPem,
    allowedNames: allowedNames.filter((name) => name !== ''),
    usernameHeaders,
    uidHeaders: lower(textsOf(data['requestheader-uid-headers'])),
    groupHeaders: lower(textsOf(data['requestheader-group-headers'])),
    extraPrefixes: lower(textsOf(data['requestheader-extra-headers-prefix'])),
  };
}

function valuesOf(headers: Headers, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => headers[name] ?? []).filter((value) => value !== '');
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function extraOf(headers: Headers, prefixes: readonly string[]): User['extra'] {
  const extra = new Map<string, string[]>();
  for (const [name, values] of Object.entries(headers)) {
    const prefix = prefixes.find((each) => each !== '' && name.startsWith(each) && name.length > each.length);
    if (prefix === undefined || values === undefined) continue;
    const key = unescapeKey(name.slice(prefix.length)).toLowerCase();
    extra.set(key, [...(extra.get(key) ?? []), ...values]);
  }
  return Object.fromEntries(extra);
}

/** Undefined: not a front proxy of this cluster, or it names nobody. */
export function userOfFrontProxy(
  config: RequestHeaderConfig | undefined,
  peer: Peer | undefined,
  headers: Headers,
): User | undefined {
  if (config === undefined || peer === undefined || !peer.isVerified) return undefined;
  if (config.allowedNames.length > 0 && !config.allowedNames.includes(peer.commonName)) return undefined;
  const [name] = valuesOf(headers, config.usernameHeaders);
  const groups = valuesOf(headers, config.groupHeaders);
  if (name === undefined || groups.length > maxGroups) return undefined;
  const [uid] = valuesOf(headers, config.uidHeaders);
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    extra: extraOf(headers, config.extraPrefixes),
  };
}

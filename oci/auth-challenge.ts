/**
 * The WWW-Authenticate header of a registry: text to a challenge. Pure, and apart because it is the one place where
 * a registry tells us where to send credentials: the URL is judged here.
 */
import { getDomain } from 'tldts';

export type AuthChallenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service?: string; readonly scope?: string };

/** Longer headers are no challenge a registry sends. */
const maxHeaderLength = 4096;

function parseParameters(text: string): ReadonlyMap<string, string> {
  const pairs = text.matchAll(/([a-zA-Z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g);
  return new Map([...pairs].map(([, name = '', quoted, bare]) => [name.toLowerCase(), quoted ?? bare ?? '']));
}

/** Bearer is preferred over Basic when both are offered; undefined: nothing we speak. */
export function parseChallenge(header: string): AuthChallenge | undefined {
  if (header.length > maxHeaderLength) return undefined;
  const bearer = /(?:^|,\s*)bearer\s+/i.exec(header);
  if (bearer !== null) {
    const parameters = parseParameters(header.slice(bearer.index + bearer[0].length));
    const realm = parameters.get('realm');
    const service = parameters.get('service');
    const scope = parameters.get('scope');
    if (realm === undefined || realm === '') return undefined;
    return {
      scheme: 'bearer',
      realm,
      ...(service === undefined ? {} : { service }),
      ...(scope === undefined ? {} : { scope }),
    };
  }
  return /(?:^|,\s*)basic(?:\s|$)/i.test(header) ? { scheme: 'basic' } : undefined;
}

/**
 * Where to ask for a token; undefined when the realm may not be asked: only https, and plain http only where the
 * registry itself is spoken to over plain http.
 */
export function tokenUrl(
  challenge: Extract<AuthChallenge, { scheme: 'bearer' }>,
  scope: string,
  plainHttp: boolean,
): URL | undefined {
  if (!URL.canParse(challenge.realm)) return undefined;
  const url = new URL(challenge.realm);
  const allowed = url.protocol === 'https:' || (plainHttp && url.protocol === 'http:');
  if (!allowed || url.username !== '' || url.password !== '') return undefined;
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  url.searchParams.set('scope', scope);
  return url;
}

/**
 * Whether a registry's password may go to this host: to the registry, and to hosts of the same registrable domain, as
 * registry-1.docker.io and auth.docker.io are. A registry never sees the password of a token login, so one that turns
 * hostile could otherwise have it sent anywhere.
 */
export function mayHavePassword(registryHost: string, host: string): boolean {
  if (host === registryHost) return true;
  const domain = getDomain(host, { allowPrivateDomains: true });
  return domain !== null && domain === getDomain(registryHost, { allowPrivateDomains: true });
}

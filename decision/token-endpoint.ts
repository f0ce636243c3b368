/**
 * Where a gateway may ask for a token, and what a service account's key says of that. A client's secret goes to such a place, so it is
 * named in a policy or is Google's, and it is reached over TLS by its name alone. Asked by what compiles and by validate. Pure.
 */
import { parseHostname, type Hostname } from '../contract/index.ts';

export interface TokenEndpoint {
  readonly hostname: Hostname;
  readonly port: number;
  /** With its query. */
  readonly target: string;
}

/** Where service accounts of Google get their tokens. */
export const googleTokenEndpoint = 'https://oauth2.googleapis.com/token';

/** What keys of service accounts have ever said of it. */
const googleEndpoints: ReadonlySet<string> = new Set([
  googleTokenEndpoint,
  'https://accounts.google.com/o/oauth2/token',
  'https://www.googleapis.com/oauth2/v4/token',
]);

export function isGoogleEndpoint(url: string): boolean {
  return googleEndpoints.has(url);
}

/** undefined: no secret may go there. An address has no name that a certificate could be for. */
export function readTokenEndpoint(text: string): TokenEndpoint | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== 'https:') return undefined;
  if (url.username !== '' || url.password !== '' || url.hash !== '') return undefined;
  const hostname = parseHostname(url.hostname);
  const port = url.port === '' ? 443 : Number(url.port);
  if (hostname === undefined || port === 0) return undefined;
  return { hostname, port, target: `${url.pathname}${url.search}` };
}

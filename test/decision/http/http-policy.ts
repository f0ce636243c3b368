/** A policy with one host under HTTP rules, and calls to it, for the tests of decision/http and of the gateway. */
import type { GatewayConfig, HttpMatch, HttpRoute } from '../../../contract/index.ts';
import { RequestHead, type Call, type HeadText } from '../../../decision/index.ts';
import { createConfig } from '../../egress/gateway-config.ts';
import { call } from '../asking.ts';

export const host = 'files.example.com';

export function match(change: Partial<HttpMatch> = {}): HttpMatch {
  return { methods: ['GET'], queryParams: [], headers: [], contentTypes: [], webSocket: false, ...change };
}

export const at = (type: NonNullable<HttpMatch['path']>['type'], value: string): Pick<HttpMatch, 'path'> => ({
  path: { type, value },
});

export function httpRoute(matches: readonly HttpMatch[], change: Partial<HttpRoute> = {}): HttpRoute {
  const rules = [{ matches: [...matches], unsupported: [] }];
  return { route: { namespace: 'default', name: 'web' }, rules, ...change };
}

export function opened(route: string, port: number): GatewayConfig['destinations']['rules'][number] {
  return { route, hostnames: [host], cidrs: [], ports: [{ start: port, end: port }], protocol: 'TCP' };
}

/** Of the base, with `files.example.com` under these routes alone. */
export function httpPolicy(
  routes: readonly HttpRoute[],
  { port = 443, beside = [] }: { readonly port?: number; readonly beside?: readonly string[] } = {},
): Partial<GatewayConfig> {
  return {
    destinations: {
      defaultPolicy: 'deny-all',
      rules: ['EgressHTTPRoute/default/web', ...beside].map((route) => opened(route, port)),
      platformCidrs: [],
    },
    httpRoutes: [...routes],
  };
}

export function httpConfig(matches: readonly HttpMatch[], ...beside: readonly string[]): GatewayConfig {
  return createConfig('192.0.2.1', 443, httpPolicy([httpRoute(matches)], { beside }));
}

export function headOf(change: Partial<HeadText>): RequestHead {
  return new RequestHead({ query: '', fields: [], bodyBytes: 0, ...change });
}

/** `GET /path?query`. */
export function get(target: string, change: Partial<Call> = {}): Call {
  const [path = '', query] = target.split('?');
  const head = headOf({ query: query === undefined ? '' : `?${query}` });
  return call({ method: 'GET', path, head, body: { kind: 'none' }, ...change });
}

export function post(path: string, type: string | undefined, bodyBytes: number | undefined = 2): Call {
  const fields = type === undefined ? [] : [{ name: 'content-type', value: type }];
  return call({ method: 'POST', path, head: headOf({ fields, bodyBytes }), body: { kind: 'unread' } });
}

/** A random gateway document: every field reach and gateway decide by. */
import fc from 'fast-check';
import type { GatewayListener, HttpRoute, McpRoute } from '../../../../contract/index.ts';
import type { GatewayDocument } from '../../../../policy/reach/index.ts';
import { destinations } from './destinations.ts';
import { httpRoutes } from './http.ts';
import { mcpRoutes } from './mcp.ts';
import { credentials, providerDenials, providerRoutes } from './provider.ts';
import { names, port, some } from './vocabulary.ts';

const listener: fc.Arbitrary<GatewayListener> = fc
  .record({
    name: fc.constant('l'),
    protocol: fc.constantFrom('TCP' as const, 'TLS' as const, 'HTTP' as const, 'HTTPS' as const),
    port: fc.option(port, { nil: undefined }),
    tlsMode: fc.constantFrom('Terminate' as const, 'Terminate' as const, 'Passthrough' as const),
  })
  .map(({ port: only, ...rest }) => (only === undefined ? rest : { ...rest, port: only }));

export const endpoints = {
  caPem: '',
  nats: { url: '', jwt: '', seed: '', inbox: '' },
  otlp: { endpoint: '', token: '' },
};

export function gatewayDocument(name: string): fc.Arbitrary<GatewayDocument> {
  return fc.record({
    version: fc.constant(1 as const),
    gateway: fc.constant({ namespace: 'd', name, uid: '' }),
    listeners: fc.oneof(
      fc.array(listener, { minLength: 1, maxLength: 3 }),
      fc.constant<GatewayListener[]>([{ name: 'any', protocol: 'HTTPS', tlsMode: 'Terminate' }]),
      fc.constant<GatewayListener[]>([{ name: 'any', protocol: 'TCP', tlsMode: 'Terminate' }]),
    ),
    ca: fc.constant({ certificatePem: '', privateKeyPem: '' }),
    upstream: fc.record({
      additionalTrustPem: fc.constant(''),
      ...{
        additionalTrustSource: fc.constantFrom(
          ...[
            { namespace: 'd', name: 'ca' },
            { namespace: 'd', name: 'cb' },
          ],
        ),
      },
      hostAliases: fc.array(
        fc.record({
          ip: fc.constantFrom('10.9.9.9', '127.0.0.1', '203.0.113.200', '8.8.8.8'),
          hostnames: some(names, 2),
        }),
        { maxLength: 2 },
      ),
      lookupFamily: fc.constant('V4Preferred' as const),
      requestTimeoutMs: fc.constant(1),
    }),
    capture: fc.constant<GatewayDocument['capture']>({ maxBytes: 0, includeContentTypes: [] }),
    recordSinks: fc.constant<NonNullable<GatewayDocument['recordSinks']>>([
      { name: 'archive', endpoint: 'https://archive.example.com', headers: [{ name: 'x-a', value: 'one' }] },
      {
        ...{ name: 'audit', endpoint: 'http://audit.d.svc:4318/a,b; c' },
        headers: [{ name: 'x-b', value: '', source: { namespace: 'd', name: 's', key: 'token' } }],
      },
      { name: 'mute', endpoint: 'https://mute.example.com', headers: [], broken: 'SecretNotFound' },
    ]),
    framePeers: fc.constant<GatewayDocument['framePeers']>([]),
    destinations: destinations as fc.Arbitrary<GatewayDocument['destinations']>,
    providerRoutes,
    providerDenials: fc.oneof(
      { weight: 3, arbitrary: fc.constant<NonNullable<GatewayDocument['providerDenials']>>([]) },
      { weight: 1, arbitrary: providerDenials },
    ),
    mcpRoutes: fc.oneof(
      { weight: 2, arbitrary: fc.constant<McpRoute[]>([]) },
      { weight: 1, arbitrary: mcpRoutes },
    ),
    httpRoutes: fc.oneof(
      { weight: 3, arbitrary: fc.constant<HttpRoute[]>([]) },
      { weight: 1, arbitrary: httpRoutes },
    ),
    credentials,
    platform: fc.constant(endpoints),
  });
}

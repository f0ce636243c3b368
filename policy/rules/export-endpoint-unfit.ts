/** A receiver of a gateway's records that gets none, or gets them in the clear. */
import { isPrivateAddress, parseIp } from '../../contract/index.ts';
import {
  judgeExportEndpoint,
  judgeExportHeaders,
  readExportEndpoint,
  type ExportEndpoint,
  type ExportProblem,
} from '../../decision/index.ts';
import { isClusterHost } from '../backend-use.ts';
import type { Found, Rule } from '../rule.ts';
import type { Item } from '../world.ts';

/** Where receivers speak OTLP over gRPC, which gateways do not. */
const grpcPort = 4317;

type Otlp = NonNullable<Item<'EgressGateway'>['spec']['otlp']>;
type Receiver = Pick<Otlp, 'endpoint' | 'headers' | 'headersFrom'>;

const broken: Readonly<Partial<Record<ExportProblem, string>>> = {
  EndpointClosed: 'is an address that is never open',
  EndpointInvalid: 'is no URL of http:// or https:// without user, password and fragment',
};

/** Of what can be sent to: who reads it there, and on the way. */
function problemOfPlace({ hostname, port, tls }: ExportEndpoint): string | undefined {
  if (port === grpcPort) {
    return 'port 4317 is where receivers speak gRPC; records are sent over HTTP, usually to port 4318';
  }
  const address = parseIp(hostname);
  const isNear = address === undefined ? isClusterHost(hostname) : isPrivateAddress(address);
  return tls || isNear ? undefined : `records and headers go to ${hostname} in the clear: use https://`;
}

function problemOfEndpoint(endpoint: string, place: string): string | undefined {
  const problem = judgeExportEndpoint(endpoint);
  if (problem !== undefined) return `${place}.endpoint ${broken[problem] ?? problem}: nothing is sent`;
  const at = readExportEndpoint(endpoint);
  return at && problemOfPlace(at);
}

function problemOfHeaders({ headers = {}, headersFrom = [] }: Receiver, place: string): string | undefined {
  const written = Object.entries(headers).map(([name, value]) => ({ name, value }));
  // Values of Secrets are not known here; the gateway's status tells of them.
  const known = headersFrom.map(({ name, prefix = '' }) => ({ name, value: `${prefix}x` }));
  return judgeExportHeaders([...written, ...known]) === undefined
    ? undefined
    : `a header of ${place} is none, stands twice, or is one that OTLP sets itself: nothing is sent`;
}

function* ofReceiver(
  { manifest }: Item<'EgressGateway'>,
  receiver: Receiver,
  at: { readonly path: Found['path']; readonly place: string },
): Iterable<Found> {
  if (receiver.endpoint === undefined) return;
  const endpoint = problemOfEndpoint(receiver.endpoint, at.place);
  if (endpoint !== undefined) yield { manifest, path: [...at.path, 'endpoint'], message: endpoint };
  const headers = problemOfHeaders(receiver, at.place);
  if (headers !== undefined) yield { manifest, path: at.path, message: headers };
}

function* ofGateway(gateway: Item<'EgressGateway'>): Iterable<Found> {
  const { otlp = {} } = gateway.spec;
  yield* ofReceiver(gateway, otlp, { path: ['spec', 'otlp'], place: 'spec.otlp' });
  for (const [index, sink] of (otlp.sinks ?? []).entries()) {
    const path = ['spec', 'otlp', 'sinks', index];
    yield* ofReceiver(gateway, sink, { path, place: `sink ${sink.name}` });
  }
}

export const exportEndpointUnfit: Rule = {
  id: 'export-endpoint-unfit',
  severity: 'error',
  title: 'A receiver of records that gets none, or gets them in the clear',
  why: 'Copies of records go to otlp.endpoint and to otlp.sinks over OTLP/HTTP: whom agents call, with which models, and what is kept of bodies. An endpoint that cannot be used gets nothing, and over plain HTTP everybody on the way reads it.',
  fix: 'Write the https:// URL of an OTLP/HTTP receiver, such as https://collector.example.com:4318; inside the cluster http://collector.observability.svc:4318 will do.',
  *check(world) {
    for (const gateway of world.own('EgressGateway')) yield* ofGateway(gateway);
  },
};

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

function problemOfEndpoint(endpoint: string): string | undefined {
  const problem = judgeExportEndpoint(endpoint);
  if (problem !== undefined) return `spec.otlp.endpoint ${broken[problem] ?? problem}: nothing is sent`;
  const at = readExportEndpoint(endpoint);
  return at && problemOfPlace(at);
}

function problemOfHeaders({ headers = {}, headersFrom = [] }: Otlp): string | undefined {
  const written = Object.entries(headers).map(([name, value]) => ({ name, value }));
  // Values of Secrets are not known here; the gateway's status tells of them.
  const known = headersFrom.map(({ name, prefix = '' }) => ({ name, value: `${prefix}x` }));
  return judgeExportHeaders([...written, ...known]) === undefined
    ? undefined
    : 'a header of spec.otlp is none, stands twice, or is one that OTLP sets itself: nothing is sent';
}

function* ofGateway({ manifest, spec: { otlp } }: Item<'EgressGateway'>): Iterable<Found> {
  if (otlp?.endpoint === undefined) return;
  const endpoint = problemOfEndpoint(otlp.endpoint);
  if (endpoint !== undefined) yield { manifest, path: ['spec', 'otlp', 'endpoint'], message: endpoint };
  const headers = problemOfHeaders(otlp);
  if (headers !== undefined) yield { manifest, path: ['spec', 'otlp'], message: headers };
}

export const exportEndpointUnfit: Rule = {
  id: 'export-endpoint-unfit',
  severity: 'error',
  title: 'A receiver of records that gets none, or gets them in the clear',
  why: 'A copy of every record goes to otlp.endpoint over OTLP/HTTP: whom agents call, with which models, and what is kept of bodies. An endpoint that cannot be used gets nothing, and over plain HTTP everybody on the way reads it.',
  fix: 'Write the https:// URL of an OTLP/HTTP receiver, such as https://collector.example.com:4318; inside the cluster http://collector.observability.svc:4318 will do.',
  *check(world) {
    for (const gateway of world.own('EgressGateway')) yield* ofGateway(gateway);
  },
};

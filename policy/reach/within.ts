/**
 * Is everything that agents can reach inside a boundary? Every destination is asked about, and at each every kind of call; what
 * passes the gateway and is in no row of the boundary is a counterexample, of which the shortest is told: a call one could
 * make. Pure.
 */
import { computeModel, operationOf, operationTable, type Call, type OpenPlan } from '../../decision/index.ts';
import { Answers, type WayTaken } from './answer.ts';
import { rowsAt, type Boundary, type BoundaryRow } from './boundary.ts';
import { renderCall } from './call-words.ts';
import { describeWay, Describer } from './describe.ts';
import { agentsOf, reachKeyOf, type ReachDocuments } from './documents.ts';
import { partitionFor, regionsOf, type Cuts } from './partition.ts';
import type { Way } from './permit.ts';
import { renderAddress } from './range.ts';
import type { Distinctions } from './space/call-space.ts';
import { spotsAt, type ReachDestination, type ReachProtocol, type Spot } from './spot.ts';
import { quote } from './phrases.ts';
import { renderCredential } from './words.ts';

/** A call one could make. */
export interface Counterexample {
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: ReachProtocol;
  /** Absent: bytes nobody reads. */
  readonly call?: Call;
  readonly way: Way;
  readonly sentence: string;
}

export type WithinVerdict =
  | { readonly kind: 'contained' }
  | { readonly kind: 'outside'; readonly counterexample: Counterexample }
  | { readonly kind: 'unknown'; readonly why: string };

function distinctionsOf(rows: readonly BoundaryRow[], { plan }: Spot): Distinctions {
  const schemas = [plan.provider, ...plan.clauses.map(({ schema }) => schema)];
  const tools = rows.flatMap((row) => row.tools.texts);
  return {
    models: rows.flatMap((row) => row.models.texts),
    endpoints: rows.flatMap((row) => row.endpoints.texts),
    deniedEndpoints: [],
    schemas,
    http: [],
    operations: false,
    mcp: plan.mcp === undefined ? undefined : { tools, toolsRegex: [], resources: [], methods: [] },
  };
}

function takesModel({ models }: BoundaryRow, call: Call, schema: string | undefined): boolean {
  if (models.texts.length === 0) return true;
  const fact = computeModel(call, operationOf(operationTable(schema), call));
  // Each message of such a socket is a call of its own, and asked about as one.
  if (fact.kind === 'each') return true;
  return fact.kind === 'named' && models.takes(fact.model);
}

function takesTools({ tools }: BoundaryRow, { body }: Call, { mcp }: OpenPlan): boolean {
  if (tools.texts.length === 0) return true;
  // Where nothing is read as JSON-RPC, a call may be one of any tool.
  if (mcp === undefined) return false;
  if (body.kind !== 'rpc') return body.kind === 'none';
  return body.rpc.messages.every(({ method, params }) => {
    if (method !== 'tools/call') return true;
    const name = params['name'];
    return typeof name === 'string' && tools.takes(name);
  });
}

const takes = (list: BoundaryRow['methods'], text: string): boolean =>
  list.texts.length === 0 || list.takes(text);

function takesWay(
  { credentials, sentTo }: BoundaryRow,
  way: Way,
  { hostname, port }: ReachDestination,
): boolean {
  const backend = way.backend ?? way.via;
  const secrets = way.credentials.map(({ policy, secret }) =>
    secret === undefined ? policy : `${secret.namespace}/${secret.name}/${secret.key}`,
  );
  return (
    secrets.every((secret) => credentials.takes(secret)) &&
    (backend === undefined ||
      (backend.host === hostname && backend.port === port) ||
      sentTo.takes(`${backend.host}:${backend.port}`))
  );
}

interface Place {
  readonly agent: string;
  readonly destination: ReachDestination;
}

/** The shortest is told; PUT and PATCH stand for all methods of their kind, and say least. */
function rankOf({ call, sentence }: Counterexample): number {
  return sentence.length + (call !== undefined && /^P[UA]/.test(call.method) ? 1_000 : 0);
}

class Search {
  readonly #boundary: Boundary;
  readonly #describer = new Describer();
  #found: Counterexample | undefined;
  #unknown: string | undefined;

  constructor(boundary: Boundary) {
    this.#boundary = boundary;
  }

  get verdict(): WithinVerdict {
    if (this.#found !== undefined) return { kind: 'outside', counterexample: this.#found };
    return this.#unknown === undefined ? { kind: 'contained' } : { kind: 'unknown', why: this.#unknown };
  }

  #offer(found: Counterexample): void {
    if (this.#found === undefined || rankOf(found) < rankOf(this.#found)) this.#found = found;
  }

  #tell({ agent, destination }: Place, { protocol }: Spot, way: Way, call?: Call): void {
    const { hostname, ip = '', port } = destination;
    const host: string = hostname ?? ip;
    const named = host.includes(':') ? `[${host}]` : host;
    const made = call === undefined ? '' : `: ${renderCall(call)}`;
    const sentTo = way.backend ?? way.via;
    const sent = sentTo === undefined ? '' : `, sent to ${quote(`${sentTo.host}:${sentTo.port}`)}`;
    const keys = way.credentials.map((each) => `, ${renderCredential(each)}`).join('');
    const sentence = `agent ${quote(agent)} can reach ${quote(`${named}:${port}`)} over ${protocol}${made}${sent}${keys}`;
    const told = call === undefined ? {} : { call };
    this.#offer({ agent, host, port, protocol, ...told, way, sentence });
  }

  ask(place: Place, spot: Spot): void {
    const access = this.#describer.describe(spot);
    if (access === undefined) return;
    const rows = rowsAt(this.#boundary, { ...place, protocol: spot.protocol });
    if (!spot.isRead) {
      // A row about calls says nothing of bytes nobody reads.
      const about = ({ models, endpoints, tools, methods }: BoundaryRow): number =>
        [models, endpoints, tools, methods].flatMap(({ texts }) => texts).length;
      for (const { way } of access.permits) {
        if (!rows.some((row) => about(row) === 0 && takesWay(row, way, place.destination)))
          this.#tell(place, spot, way);
      }
      return;
    }
    this.#askCalls(place, spot, rows);
  }

  #askCalls(place: Place, spot: Spot, rows: readonly BoundaryRow[]): void {
    const { plan } = spot;
    const space = this.#describer.spaces.of([plan], [distinctionsOf(rows, spot)]);
    if (!space.complete) this.#unknown = 'there are too many rules to tell all calls apart';
    const answers = new Answers(spot);
    for (const call of methodsOf(space.calls, rows)) {
      for (const taken of answers.of(call).ways) {
        const way = describeWay(spot, taken.exit);
        const schema = schemaOf(spot, taken);
        const takesCall = (row: BoundaryRow): boolean =>
          takes(row.methods, call.method) &&
          takes(row.endpoints, call.path) &&
          takesModel(row, call, schema) &&
          takesTools(row, call, plan) &&
          takesWay(row, way, place.destination);
        if (!rows.some(takesCall)) {
          this.#tell(place, spot, way, call);
        }
      }
    }
  }
}

/** The API a call is read as. */
function schemaOf({ plan }: Spot, { exit }: WayTaken): string | undefined {
  const clause = exit.clause === undefined ? undefined : plan.clauses[exit.clause];
  return clause?.schema ?? plan.provider ?? plan.clauses[0]?.schema;
}

const reading = ['HEAD', 'DELETE', 'OPTIONS'];
const writing = ['PATCH'];

/** Where rows tell methods apart, with every method of one kind. */
function methodsOf(calls: readonly Call[], rows: readonly BoundaryRow[]): readonly Call[] {
  if (rows.every((row) => row.methods.texts.length === 0)) return calls;
  return calls.flatMap((call) => {
    const more = call.method === 'GET' ? reading : call.method === 'PUT' ? writing : [];
    return [call, ...(call.upgrade ? [] : more.map((method) => ({ ...call, method })))];
  });
}

/** Names and addresses of the boundary, as rules that cut the space of destinations. */
function cutsOf({ rows }: Boundary): Cuts {
  return {
    hostnames: rows.flatMap(({ patterns }) => patterns.map(String)),
    cidrs: rows.flatMap(({ cidrs }) => cidrs.map(renderCidr)),
    ports: rows.flatMap(({ ports }) => ports),
  };
}

function renderCidr({ family, value, prefix }: BoundaryRow['cidrs'][number]): string {
  return `${renderAddress(family, value)}/${prefix}`;
}

export function judgeWithin(documents: ReachDocuments, boundary: Boundary): WithinVerdict {
  const agents = agentsOf(documents);
  const [missing] = agents.flatMap(({ id, missing: gateways }) =>
    gateways.map((gateway) => [id, gateway] as const),
  );
  const search = new Search(boundary);
  const seen = new Set<string>();
  const cuts = cutsOf(boundary);
  for (const agent of agents) {
    const rows = boundary.rows.map(({ agents: globs }) =>
      globs.takes(agent.id.split('/').slice(1).join('/')),
    );
    const key = JSON.stringify([reachKeyOf(agent), rows]);
    if (seen.has(key)) continue;
    seen.add(key);
    regionsOf(partitionFor([agent], cuts), {
      ask: (destination) => {
        for (const spot of spotsAt(agent, destination)) search.ask({ agent: agent.id, destination }, spot);
        return undefined;
      },
      keyOf: () => '',
    });
  }
  if (search.verdict.kind !== 'contained' || missing === undefined) return search.verdict;
  return {
    kind: 'unknown',
    why: `${missing[0]} names the gateway ${missing[1]}, which is not in these manifests`,
  };
}

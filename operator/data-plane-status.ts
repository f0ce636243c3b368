/**
 * What live data planes say of themselves, and which objects a change of it concerns. Pure: the NATS view is behind
 * the interface. A heartbeat that changes nothing concerns nobody.
 */
import {
  canonicalJson,
  parseAgentId,
  type GatewayStatus,
  type IngressStatus,
  type ScheduleMark,
  type WorkerStatus,
} from '../contract/index.ts';
import type { WantedTrigger } from '../process/index.ts';
import type { RecordRoom } from './record-room.ts';

export interface DataPlaneStatus {
  workers(): readonly WorkerStatus[];
  gateways(): readonly GatewayStatus[];
  ingresses(): readonly IngressStatus[];
  /** How much room the stream of invocation events had when it was last looked at; undefined: nobody could say. */
  recordRoom(): RecordRoom | undefined;
  /** What an agent's schedule fired last. Never rejects. */
  scheduleMark(agent: { readonly namespace: string; readonly uid: string }): Promise<ReadMark>;
  /** Streams and consumers of a namespace's event triggers are as wanted: undefined; else why not. Never rejects. */
  keepTriggers(namespace: string, wanted: readonly WantedTrigger[]): Promise<string | undefined>;
  /** This trigger is heard. */
  isHeard(agent: { readonly namespace: string; readonly uid: string }, subject: string): boolean;
  /** As many triggers of this namespace are heard as may be: what is not heard is over its share. */
  hearsNoMore(namespace: string): boolean;
  /** There is a place for the leases of this namespace's daemons, as soon as NATS answers. Never rejects. */
  keepDaemons(namespace: string): Promise<void>;
  /** The same for what its gateways count. */
  keepBudgets(namespace: string): Promise<void>;
  /**
   * Says that nobody runs this daemon, which no worker knows yet: the first need not wait as for one that is lost. Where it cannot be
   * said they wait. Never rejects.
   */
  seedDaemon(agent: { readonly namespace: string; readonly uid: string }): Promise<void>;
}

/** `unknown`: it could not be read. Undefined: it never fired, or not for a week. */
export type ReadMark = ScheduleMark | 'unknown' | undefined;

/** Keys (`namespace/name`) to look at again. */
export interface StatusDiff {
  readonly pools: ReadonlySet<string>;
  readonly gateways: ReadonlySet<string>;
  /** Gateways that say something new of budgets they count. */
  readonly counting: ReadonlySet<string>;
  readonly revisions: ReadonlySet<string>;
  readonly agents: ReadonlySet<string>;
  readonly daemons: ReadonlySet<string>;
  /** An ingress came, went or took another config. */
  readonly ingress: boolean;
  /** The stream of invocation events filled up, or has room again. */
  readonly recordRoom: boolean;
}

export interface StatusSnapshot {
  readonly workers: readonly WorkerStatus[];
  readonly gateways: readonly GatewayStatus[];
  readonly ingresses: readonly IngressStatus[];
  readonly recordRoom?: RecordRoom | undefined;
}

type Record_ = Readonly<Record<string, unknown>>;

export function diffStatus(before: StatusSnapshot, after: StatusSnapshot): StatusDiff {
  const diff = {
    pools: new Set<string>(),
    gateways: new Set<string>(),
    counting: new Set<string>(),
    revisions: new Set<string>(),
    agents: new Set<string>(),
    daemons: new Set<string>(),
    ingress: false,
    recordRoom: canonicalJson(before.recordRoom ?? null) !== canonicalJson(after.recordRoom ?? null),
  };
  for (const [old, now] of pairs(before.workers, after.workers)) addWorker(diff, old, now);
  for (const [old, now] of pairs(before.gateways, after.gateways)) addGateway(diff, old, now);
  diff.ingress = pairs(before.ingresses, after.ingresses).some(
    ([old, now]) => configsOf(old) !== configsOf(now),
  );
  return diff;
}

function configsOf(word: IngressStatus | undefined): string {
  return JSON.stringify([word?.configDigest, word?.shardDigests]);
}

interface WorkerDiff {
  readonly pools: Set<string>;
  readonly revisions: Set<string>;
  readonly agents: Set<string>;
  readonly daemons: Set<string>;
}

/** A worker that came or went, or an agent whose load moved. */
function addWorker(diff: WorkerDiff, old: WorkerStatus | undefined, now: WorkerStatus | undefined): void {
  const word = now ?? old;
  if (word === undefined || !changed(old, now)) return;
  diff.pools.add(`${word.namespace}/${word.pool}`);
  const imagesOrWarm = (['images', 'warm'] as const).flatMap((part) => changedKeys(old?.[part], now?.[part]));
  for (const id of imagesOrWarm) diff.revisions.add(id);
  addTroubled(diff, old, now);
  for (const part of ['inFlight', 'daemons'] as const) {
    for (const id of changedKeys(old?.[part], now?.[part])) addAgent(diff, id);
  }
}

function addTroubled(
  { agents }: WorkerDiff,
  old: WorkerStatus | undefined,
  now: WorkerStatus | undefined,
): void {
  for (const id of changedKeys(old?.warmTroubles, now?.warmTroubles))
    agents.add(id.replace(revisionNumber, ''));
}

/** Of `ns/AGENT-00001`. */
const revisionNumber = /-\d+$/;

function addGateway(
  { gateways, counting }: { readonly gateways: Set<string>; readonly counting: Set<string> },
  old: GatewayStatus | undefined,
  now: GatewayStatus | undefined,
): void {
  const word = now ?? old;
  const facts = (report: GatewayStatus | undefined): string =>
    JSON.stringify([report?.configDigest, report?.draining, report?.recordExport, report?.recordSinks]);
  const moved = facts(old) !== facts(now);
  const key = `${word?.namespace ?? ''}/${word?.gateway ?? ''}`;
  if (moved) gateways.add(key);
  if (JSON.stringify(old?.budgets) !== JSON.stringify(now?.budgets)) counting.add(key);
}

function addAgent({ agents, daemons }: WorkerDiff, id: string): void {
  const agent = parseAgentId(id);
  if (agent === undefined) return;
  const of = agent.kind === 'DaemonAgent' ? daemons : agents;
  of.add(`${agent.namespace}/${agent.name}`);
}

/** Records of one process before and after, by pod. */
function pairs<T extends { readonly namespace: string; readonly pod: string }>(
  before: readonly T[],
  after: readonly T[],
): ReadonlyArray<readonly [T | undefined, T | undefined]> {
  const id = (word: T): string => `${word.namespace}/${word.pod}`;
  const old = new Map(before.map((word) => [id(word), word]));
  const now = new Map(after.map((word) => [id(word), word]));
  return [...new Set([...old.keys(), ...now.keys()])].map((key) => [old.get(key), now.get(key)] as const);
}

function changed(old: WorkerStatus | undefined, now: WorkerStatus | undefined): boolean {
  return fingerprint(old) !== fingerprint(now);
}

function fingerprint(word: WorkerStatus | undefined): string {
  return word === undefined ? '' : JSON.stringify({ ...word, at: 0 });
}

function changedKeys(old: Record_ | undefined, now: Record_ | undefined): string[] {
  const all = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})]);
  return [...all].filter((key) => JSON.stringify(old?.[key]) !== JSON.stringify(now?.[key]));
}

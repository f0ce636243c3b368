/**
 * Every bound of the front door in one place: how much of what is shared one caller, agent or namespace may have, and how
 * long anything may take. docs/architecture.md shows this table as it stands here.
 */
import { callResults, eventBounds, lateFireMs } from '../contract/index.ts';

const kib = 1024;
const mib = 1024 * 1024;

/** How many of something: in all, and of each namespace, agent and peer address. */
export interface ShareLimits {
  readonly total: number;
  readonly namespace: number;
  readonly agent: number;
  readonly peer: number;
  /** Anybody who reaches this port takes places of any agent: one peer never has all of them. */
  readonly isOpenToAll?: true;
}

/** Of events being published: `pair` is one peer in one namespace. */
export interface PublishLimits {
  readonly total: number;
  readonly namespace: number;
  readonly peer: number;
  readonly pair: number;
  /** A body that takes longer may lose its place to another of the same peer. */
  readonly momentMs: number;
}

export const limits = {
  /** Each costs about 40 KB with its buffers. A peer may be a proxy with many callers behind it. */
  connections: { total: 4_096, peer: 1_024 },
  /** Calls whose body has not come whole. */
  halfSent: { total: 1_024, namespace: 512, agent: 256, peer: 512, isOpenToAll: true },
  /** Of those, calls that a worker has already: each holds a place of a sandbox there. Others wait for one to end. */
  uploads: { total: 64, namespace: 32, agent: 8, peer: 16, isOpenToAll: true },
  /** Calls of schedules under way. A namespace is its own peer. */
  scheduled: { total: 2_048, namespace: 128, agent: 16, peer: 128 },
  /** Events being run, in each ingress. A namespace is its own peer. */
  events: { total: 1_024, namespace: 64, agent: 16, peer: 64 },
  /** Events being published. A peer may be a proxy in front of several tenants. */
  publishing: { total: 256, namespace: 64, peer: 192, pair: 48, momentMs: 1_000 },
  /** All of an event has to come in so long: 64 KiB at 52 kbit/s. */
  eventBodyMs: 10_000,
  /**
   * Calls under way whose callers do not wait: each keeps up to `maxBodyBytes` of its answer here, as long as it runs. A proxy in front of
   * several tenants is one peer: it has room for more than one of them.
   */
  deferred: { total: 256, namespace: 64, agent: 32, peer: 192, isOpenToAll: true },
  /** Times one namespace's schedules are fired in a second: each is five writes that NATS syncs to disk, for nobody's call. */
  schedulesPerSecond: 100,
  /** Bytes of a body that are kept, so that another worker can be asked; of one call, and of all. */
  keptBytes: { call: 64 * kib, total: 64 * mib },
  /** Read from a caller's connection before anybody wants it. */
  readAheadBytes: 16 * kib,
  /** A call is dispatched when its body has come, is larger than what is kept, or nothing more has come for so long. */
  quietMs: 100,
  /** Nothing of an unfinished body has come for so long: the call ends. */
  stalledMs: 20_000,
  headBytes: 32 * kib,
  headMs: 10_000,
  requestMs: 120_000,
  idleConnectionMs: 60_000,
  /**
   * An ingress that is told to stop takes calls for `leastMs`, in which whoever sends them learns of it (EndpointSlices, proxies, load
   * balancers), then until none has come for `quietMs`, but not longer than `mostMs`.
   */
  leave: { leastMs: 5_000, quietMs: 1_000, mostMs: 15_000 },
} as const;

type Row = readonly [what: string, bound: string, over: string];

const count = (value: number): string => value.toLocaleString('en-US');
const bytes = (value: number): string =>
  value >= mib ? `${count(value / mib)} MiB` : `${count(value / kib)} KiB`;
const seconds = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);
const shares = ({ total, namespace, agent, peer, isOpenToAll }: ShareLimits): string =>
  `${count(total)}; ${count(namespace)} a namespace, ${count(agent)} an agent${isOpenToAll === true ? ', of which one peer leaves a quarter to others' : ''}, ${count(peer)} a peer`;

/** For docs. */
export const limitRows: readonly Row[] = [
  [
    'connections',
    `${count(limits.connections.total)}; ${count(limits.connections.peer)} a peer`,
    'closed at once',
  ],
  ['calls with a body half sent', shares(limits.halfSent), '429 `TOO_MANY_UPLOADS`'],
  ['of those, with a worker already', shares(limits.uploads), 'waits for its turn'],
  [
    'scheduled calls under way',
    `${count(limits.scheduled.total)}; ${count(limits.scheduled.namespace)} a namespace, ${count(limits.scheduled.agent)} an agent`,
    `waits for its turn, ${seconds(lateFireMs)} at most; then it is missed`,
  ],
  ['calls under way that nobody waits for', shares(limits.deferred), '429 `TOO_MANY_DEFERRED`'],
  [
    'their results kept',
    `${bytes(callResults.maxBytes)} a namespace, ${bytes(callResults.maxBodyBytes)} each, ${callResults.keepMs / 60_000} min`,
    '503 `RESULTS_UNAVAILABLE`; what is longer is told as cut',
  ],
  [
    'events being published',
    `${count(limits.publishing.total)}; ${count(limits.publishing.namespace)} a namespace, ${count(limits.publishing.peer)} a peer, ${count(limits.publishing.pair)} a peer in one namespace`,
    'takes the place of the slowest body of who holds most; without one 429 `TOO_MANY_UPLOADS`',
  ],
  ['the body of an event', seconds(limits.eventBodyMs), '408 `BODY_STALLED`'],
  [
    'events being run',
    `${count(limits.events.total)}; ${count(limits.events.namespace)} a namespace, ${count(limits.events.agent)} an agent`,
    'waits in the stream',
  ],
  [
    'events that wait',
    `${bytes(eventBounds.waitingBytes)} a namespace, ${bytes(eventBounds.maxBytes)} each, ${eventBounds.waitingMs / 3_600_000} h`,
    '503 `EVENTS_UNAVAILABLE`',
  ],
  ['schedules fired in a second', `${count(limits.schedulesPerSecond)} a namespace`, 'the same'],
  [
    'bytes kept to ask another worker',
    `${bytes(limits.keptBytes.call)} a call, ${bytes(limits.keptBytes.total)} in all`,
    'no second worker is asked',
  ],
  ['bytes read ahead of a connection', bytes(limits.readAheadBytes), 'the caller waits'],
  ['a body with nothing new', seconds(limits.stalledMs), '408 `BODY_STALLED`'],
  ['head', `${bytes(limits.headBytes)}, ${seconds(limits.headMs)}`, '431, 408'],
  ['a whole request', seconds(limits.requestMs), '408'],
  ['an idle connection', seconds(limits.idleConnectionMs), 'closed'],
];

/**
 * Who runs a DaemonAgent, and what has become of it so far, in NATS KV: one key an agent, changed by compare-and-set alone. Whoever
 * stands in it runs the agent, and nobody else does. Times are of monotonic clocks and never written down: a holder counts from
 * when it sent its last word, all others from when they saw it first, so that no clock that is set wrong makes two of one.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { natsToken } from './platform-identity.ts';

export const daemonLeaseBucket = {
  name: 'CLRK_LEASES',
  /** Of what no worker has looked at: workers write again what ended for good, long before. */
  ttlMs: 30 * 24 * 60 * 60_000,
  /** Of one namespace, whose pools share it and nobody else: a record takes about 600 bytes; full, it refuses: no lease gives way to another. */
  maxBytes: 1024 * 1024,
  /** A record with the longest names and the longest message. */
  maxRecordBytes: 8 * 1024,
} as const;

export const daemonLeaseTimes = {
  /** A holder says so again this often. */
  renewMs: 5_000,
  /** A holder that was not answered for so long, counted from when it asked, ends its instance. */
  giveUpMs: 20_000,
  /** Whoever has seen the same word for so long may take it. What lies between is for the old instance to end in. */
  takeMs: 30_000,
  /** How often those look who wait. */
  pollMs: 2_000,
} as const;

/** When it is started again, as the config of a pool says it. */
export const daemonRestartFields = {
  restartPolicy: Type.Union([Type.Literal('Always'), Type.Literal('OnFailure'), Type.Literal('Never')]),
  /** 0: without limit. */
  maxRestarts: Type.Integer({ minimum: 0 }),
  /** 0: for ever. */
  maxLifetimeMs: Type.Integer({ minimum: 0 }),
};
const restartsSchema = Type.Object(daemonRestartFields);
export type DaemonRestarts = Static<typeof restartsSchema>;

const name = Type.String({ maxLength: 253 });
const id = Type.String({ maxLength: 64 });

export const daemonEndReasons = [
  'Completed',
  'NonZeroExit',
  'OOMKilled',
  'SandboxFailed',
  'MaxLifetime',
  'Replaced',
  'HandedOver',
  'Suspended',
  'Contained',
  'Removed',
  'LeaseLost',
  'WorkerLost',
] as const;
export type DaemonEndReason = (typeof daemonEndReasons)[number];

/** What the end of a run is told with. */
const endSchema = Type.Object({
  reason: Type.Enum([...daemonEndReasons]),
  exitCode: Type.Optional(Type.Integer()),
  message: Type.Optional(Type.String({ maxLength: 512 })),
});
export type DaemonEnd = Static<typeof endSchema>;

/** One life of one worker process. */
const holderSchema = Type.Object({ worker: name, id });
export type DaemonHolder = Static<typeof holderSchema>;

/** A run that may be under way: whoever finds it without its holder tells how it ended. */
const runSchema = Type.Object({
  id,
  by: id,
  worker: name,
  revision: name,
  /** Unix milliseconds, for the record alone. */
  startedAt: Type.Integer({ minimum: 0 }),
});
export type DaemonRunMark = Static<typeof runSchema>;

export const daemonLeaseSchema = Type.Object({
  version: Type.Literal(1),
  /** Absent: whoever can may take it at once. */
  holder: Type.Optional(holderSchema),
  /** What follows is of this revision. */
  revision: Type.String({ maxLength: 253 }),
  /** How often it was started again after an end of its own. */
  restarts: Type.Integer({ minimum: 0 }),
  /** Ends in a row, none of which ran well for long: the next start waits for it. */
  failures: Type.Integer({ minimum: 0 }),
  run: Type.Optional(runSchema),
  lastEnd: Type.Optional(endSchema),
  /** It is not started again. */
  over: Type.Boolean(),
});
export type DaemonLease = Static<typeof daemonLeaseSchema>;

/** What nobody can read is as if it were not there. */
export function parseDaemonLease(text: string | undefined): DaemonLease | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return Value.Check(daemonLeaseSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Nobody's, nothing has been yet: what the operator writes before any worker knows the agent, so that the first need not wait. */
export const newDaemonLease: DaemonLease = {
  version: 1,
  revision: '',
  restarts: 0,
  failures: 0,
  over: false,
};

/** By uid: an agent made anew under the same name begins anew. Without the pool: an agent may move to another. */
export function daemonLeaseKey(agent: { readonly namespace: string; readonly uid: string }): string {
  return `${natsToken(agent.namespace)}.${natsToken(agent.uid)}`;
}

/** Each namespace has one of its own: what its pools write into it takes no room from others. */
export function daemonLeaseStream(namespace: string): string {
  return `KV_${daemonLeaseBucket.name}_${natsToken(namespace)}`;
}

/** All keys of a namespace. */
export function daemonLeaseSubjects(namespace: string): string {
  return daemonLeaseSubject(`${natsToken(namespace)}.>`);
}

export function daemonLeaseSubject(key: string): string {
  return `$KV.${daemonLeaseBucket.name}.${key}`;
}

/** Where one is read. `key`: begins with the namespace. */
export function daemonLeaseReadSubject(key: string): string {
  const [namespace = ''] = key.split('.', 1);
  return `$JS.API.DIRECT.GET.${daemonLeaseStream(namespace)}.${daemonLeaseSubject(key)}`;
}

/** Where all of all namespaces are read. */
export const daemonLeaseReadSubjects = `$JS.API.DIRECT.GET.*.${daemonLeaseSubject('>')}`;

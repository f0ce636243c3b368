/**
 * The Invocation object and its events. Events are complete snapshots, so that the latest one is the state.
 * Exactly one terminal event is kept an invocation: every terminal event is published under the same
 * `Nats-Msg-Id`, and JetStream keeps the first inside its duplicate window (wider than any invocation lives).
 */
import { Type, type Static } from 'typebox';
import { callerFieldsSchema } from './caller-identity.ts';
import { recordsGroupVersion } from './environment.ts';
import { natsToken } from './platform-identity.ts';
import { maxUserBytes } from './voucher.ts';

export const terminalPhases = ['Succeeded', 'Failed', 'Timeout', 'Rejected'] as const;
export const phases = ['Pending', 'Dispatched', 'Running', ...terminalPhases] as const;
export type Phase = (typeof phases)[number];
export type TerminalPhase = (typeof terminalPhases)[number];

export const invocationSchema = Type.Object({
  apiVersion: Type.Literal(recordsGroupVersion),
  kind: Type.Literal('Invocation'),
  metadata: Type.Object({
    /** Equals uid: the invocation's canonical lower-case UUID. */
    name: Type.String(),
    uid: Type.String(),
    namespace: Type.String(),
    creationTimestamp: Type.String(),
  }),
  spec: Type.Object({
    parentRef: Type.Object({
      kind: Type.Union([Type.Literal('TaskAgent'), Type.Literal('DaemonAgent')]),
      name: Type.String(),
      uid: Type.String(),
    }),
    trigger: Type.Object({
      type: Type.Union([
        Type.Literal('HTTP'),
        Type.Literal('Cron'),
        Type.Literal('Event'),
        Type.Literal('CLI'),
        Type.Literal('Daemon'),
      ]),
      source: Type.String(),
    }),
    identity: Type.Object({
      audiences: Type.Array(Type.String()),
      /** What the agent's extractors found of the caller. Absent: it has none, or nobody called. */
      caller: Type.Optional(callerFieldsSchema),
      /** The user of the cluster who called, as its API server knows him. Absent: the call did not come through it. */
      user: Type.Optional(Type.String({ maxLength: maxUserBytes })),
    }),
  }),
  status: Type.Object({
    phase: Type.Enum([...phases]),
    revision: Type.Optional(Type.String()),
    worker: Type.Optional(Type.String()),
    traceId: Type.Optional(Type.String()),
    startTime: Type.Optional(Type.String()),
    completionTime: Type.Optional(Type.String()),
    /** HTTP status the caller got, once known. */
    httpStatus: Type.Optional(Type.Integer()),
    exitCode: Type.Optional(Type.Integer()),
    /** CamelCase, stable: NonZeroExit, DeadlineExceeded, WorkerLost, NoReadyWorker, AtMaxConcurrent… */
    reason: Type.Optional(Type.String()),
    message: Type.Optional(Type.String()),
    /**
     * RFC 3339; non-terminal events past this time (plus grace) are closed as Failed/Lost by telemetry. Absent: it may run for ever,
     * and whoever takes over its daemon closes it.
     */
    deadline: Type.Optional(Type.String()),
    requestBytes: Type.Optional(Type.Integer()),
    responseBytes: Type.Optional(Type.Integer()),
    /** Milliseconds a phase: queue, slot, rootfs, create, restore, start, boot, deliver, firstByte, wait, respond. */
    phasesMs: Type.Optional(Type.Record(Type.String(), Type.Number())),
    totalMs: Type.Optional(Type.Number()),
  }),
});
export type Invocation = Static<typeof invocationSchema>;

export function isTerminal(phase: string): phase is TerminalPhase {
  return (terminalPhases as readonly string[]).includes(phase);
}

/** JetStream: file storage, `sync_interval: always` on the server, one subject an agent and writer. */
export const invocationStream = {
  name: 'INVOCATIONS',
  subjects: ['clrk.invocations.>'],
  /** Wider than the worker's hard cap of 5 minutes plus every retry. */
  duplicateWindowMs: 30 * 60 * 1000,
  consumer: 'clrk-ch-materializer',
} as const;

/** Who says it: a pool, or a platform role, which may speak of every pool's agents. No pool can be named like one. */
export type InvocationWriter = { readonly pool: string } | { readonly role: 'ingress' | 'telemetry' };

/** `clrk.invocations.<namespace>.<writer>.<kind>.<agent>`: NATS lets a pool publish below its own name alone. */
export function invocationSubject(invocation: Invocation, writer: InvocationWriter): string {
  const { kind, name } = invocation.spec.parentRef;
  const who = 'pool' in writer ? natsToken(writer.pool) : `_${writer.role}`;
  return ['clrk.invocations', natsToken(invocation.metadata.namespace), who, kind, natsToken(name)].join('.');
}

/** True when an event speaks of the agent its subject names. Before 0.2 the subject named no writer. */
export function isAboutSubject(invocation: Invocation, subject: string): boolean {
  const { kind, name } = invocation.spec.parentRef;
  const parts = subject.split('.');
  const namespace = parts[2];
  const agent = parts.length === 6 ? parts.slice(4) : parts.slice(3);
  if (namespace !== natsToken(invocation.metadata.namespace)) return false;
  return agent.length === 2 && agent[0] === kind && agent[1] === natsToken(name);
}

/**
 * `<agent uid>/<id>/<phase>` or, for every terminal phase alike, `<agent uid>/<id>/terminal`. JetStream drops what has the
 * id of an earlier message, whoever wrote it: another tenant does not know the uid.
 */
export function invocationMessageId(invocation: Invocation): string {
  const { phase } = invocation.status;
  const { uid } = invocation.spec.parentRef;
  return `${uid}/${invocation.metadata.name}/${isTerminal(phase) ? 'terminal' : phase}`;
}

/** Canonical lower-case UUID, the only caller-supplied form we honour. */
export function isInvocationId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

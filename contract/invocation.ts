/**
 * The Invocation object and its events. Events are complete snapshots, so that the latest one is the state.
 * Exactly one terminal event is kept an invocation: every terminal event is published under the same
 * `Nats-Msg-Id`, and JetStream keeps the first inside its duplicate window (wider than any invocation lives).
 */
import { Type, type Static } from 'typebox';

export const terminalPhases = ['Succeeded', 'Failed', 'Timeout', 'Rejected'] as const;
export const phases = ['Pending', 'Dispatched', 'Running', ...terminalPhases] as const;
export type Phase = (typeof phases)[number];
export type TerminalPhase = (typeof terminalPhases)[number];

export const invocationSchema = Type.Object({
  apiVersion: Type.Literal('telemetry.clrk.apoxy.dev/v1alpha1'),
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
      type: Type.Union([Type.Literal('HTTP'), Type.Literal('Cron'), Type.Literal('CLI')]),
      source: Type.String(),
    }),
    identity: Type.Object({ audiences: Type.Array(Type.String()) }),
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
    /** RFC 3339; non-terminal events past this time (plus grace) are closed as Failed/Lost by telemetry. */
    deadline: Type.Optional(Type.String()),
    requestBytes: Type.Optional(Type.Integer()),
    responseBytes: Type.Optional(Type.Integer()),
    /** Milliseconds a phase: queue, slot, rootfs, create, start, deliver, firstByte, wait, respond. */
    phasesMs: Type.Optional(Type.Record(Type.String(), Type.Number())),
    totalMs: Type.Optional(Type.Number()),
  }),
});
export type Invocation = Static<typeof invocationSchema>;

export function isTerminal(phase: string): phase is TerminalPhase {
  return (terminalPhases as readonly string[]).includes(phase);
}

/** JetStream: file storage, `sync_interval: always` on the server, one subject an agent. */
export const invocationStream = {
  name: 'INVOCATIONS',
  subjects: ['clrk.invocations.>'],
  /** Wider than the worker's hard cap of 5 minutes plus every retry. */
  duplicateWindowMs: 30 * 60 * 1000,
  consumer: 'clrk-ch-materializer',
} as const;

/** Kubernetes names may hold dots, which NATS reads as token separators. */
function token(text: string): string {
  return text.replaceAll('.', '_');
}

export function invocationSubject(invocation: Invocation): string {
  const { kind, name } = invocation.spec.parentRef;
  return `clrk.invocations.${token(invocation.metadata.namespace)}.${kind}.${token(name)}`;
}

/** `<id>/<phase>` or, for every terminal phase alike, `<id>/terminal`. */
export function invocationMessageId(invocation: Invocation): string {
  const { phase } = invocation.status;
  return `${invocation.metadata.name}/${isTerminal(phase) ? 'terminal' : phase}`;
}

/** Canonical lower-case UUID, the only caller-supplied form we honour. */
export function isInvocationId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

/**
 * Events that set agents off, in NATS: each namespace has a stream of its own for those that wait, one for those whose run failed
 * and that wait to be run again, and one for those that were given up, and each trigger of an agent is a durable consumer of the first. All subjects begin with the namespace: what stands in a
 * manifest is a part below it, so that no trigger hears another namespace.
 */
import { createHash } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { natsToken } from './platform-identity.ts';

const kib = 1024;

export const eventBounds = {
  /** Of an event, with its attributes. */
  maxBytes: 64 * kib,
  /** Of a namespace's events that wait; full, it refuses. */
  waitingBytes: 8 * 1024 * kib,
  waitingMs: 24 * 60 * 60_000,
  /** Of those whose run failed and that are to be run again; full, they wait where they are. */
  retryBytes: 2 * 1024 * kib,
  /** Of those given up; full, the oldest go. */
  deadBytes: 2 * 1024 * kib,
  deadMs: 7 * 24 * 60 * 60_000,
  /** Of one trigger, in the cluster, where the agent says nothing of it. */
  defaultConcurrent: 16,
  defaultMaxDeliver: 5,
  /** Triggers of a namespace that are heard: each is a consumer in NATS and a question that waits there, of every ingress. */
  namespaceTriggers: 256,
  /** Two publishes of one CloudEvent within so long are one. */
  duplicateMs: 2 * 60_000,
} as const;

export const eventTimes = {
  /** A delivery nobody has said anything of for so long is another's. */
  ackWaitMs: 30_000,
  /** Who runs one says so this often. */
  renewMs: 8_000,
  /** Who was not answered for so long, counted from when it asked, ends its run: before anybody else may begin. */
  giveUpMs: 20_000,
  /** What could not be started for so long, from when it was stored, is given up: before its stream forgets it untold. */
  notStartedMs: 20 * 60 * 60_000,
} as const;

/** What failed once, twice, …: run again after so long. */
const afterFailuresMs = [5_000, 30_000, 2 * 60_000, 10 * 60_000] as const;
/** What could not be started once, twice, …: asked again after so long. It waits at its place meanwhile, so never for long. */
const notStartedAfterMs = [5_000, 10_000, 20_000, 30_000] as const;

function step(waits: readonly number[], times: number): number {
  return waits[Math.min(Math.max(times, 1), waits.length) - 1] ?? 0;
}

export function afterFailureMs(failures: number): number {
  return step(afterFailuresMs, failures);
}

export function afterNotStartedMs(tries: number): number {
  return step(notStartedAfterMs, tries);
}

const token = '[A-Za-z0-9_-]+';
/** A subject of an event: tokens alone. */
const plain = new RegExp(`^${token}(?:\\.${token})*$`);
export const maxSubjectLength = 200;

export function isEventSubject(text: string): boolean {
  return text.length <= maxSubjectLength && plain.test(text);
}

/** As NATS does: `*` is one token, `>` at the end one or more. Of another pattern: whatever that hears, this one does. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (const [index, each] of wanted.entries()) {
    if (each === '>') return given.length > index;
    const other = given[index];
    if (other === undefined || other === '>' || (each !== '*' && each !== other)) return false;
  }
  return wanted.length === given.length;
}

export const eventTriggerSchema = Type.Object({
  /** Below the namespace's prefix; may hold wildcards. */
  subject: Type.String({ maxLength: maxSubjectLength }),
  /** Its run may fail so often before it is given up. */
  maxDeliver: Type.Integer({ minimum: 1 }),
});
export type EventTrigger = Static<typeof eventTriggerSchema>;

export function eventStream(namespace: string): string {
  return `CLRK_EVENTS_${natsToken(namespace)}`;
}

export function retryStream(namespace: string): string {
  return `CLRK_RETRY_${natsToken(namespace)}`;
}

/** Of the retry stream: its one consumer, which every ingress takes from. */
export const retryConsumer = 'due';

export function deadStream(namespace: string): string {
  return `CLRK_DEAD_${natsToken(namespace)}`;
}

/** `subject`: `>` for all of the namespace. */
export function eventSubject(namespace: string, subject: string): string {
  return `clrk.events.${natsToken(namespace)}.${subject}`;
}

/** Where an event goes that an agent could not take. */
export function deadSubject(namespace: string, agent: string, subject: string): string {
  return `clrk.dead.${natsToken(namespace)}.${agent === '*' ? '*' : natsToken(agent)}.${subject}`;
}

/** Where an event of one consumer waits to be run again; `consumer`: `*` for all of the namespace. */
export function retrySubject(namespace: string, consumer: string): string {
  return `clrk.retry.${natsToken(namespace)}.${consumer}`;
}

/** Where it is once its time has come: in the stream of events, for that consumer alone. */
export function againSubject(namespace: string, consumer: string): string {
  return `clrk.again.${natsToken(namespace)}.${consumer}`;
}

export const eventSubjects = 'clrk.events.>';
export const retrySubjects = 'clrk.retry.>';
export const againSubjects = 'clrk.again.>';
export const deadSubjects = 'clrk.dead.>';

/** One for each agent and subject; an agent made anew under the same name begins anew. */
export function eventConsumer(uid: string, subject: string): string {
  return `${natsToken(uid)}_${createHash('sha256').update(subject).digest('hex').slice(0, 12)}`;
}

/** Headers of an event that is run again: what it was and what has become of it so far. */
export const retryHeader = {
  id: 'Clrk-Event-Id',
  subject: 'Clrk-Event-Subject',
  failures: 'Clrk-Event-Failures',
  deliveries: 'Clrk-Event-Deliveries',
  delayMs: 'Clrk-Event-Delay-Ms',
} as const;

/** Headers of a message that was given up: why, and what it was. */
export const deadHeader = {
  reason: 'Clrk-Dead-Reason',
  failures: 'Clrk-Dead-Failures',
  deliveries: 'Clrk-Dead-Deliveries',
  invocation: 'Clrk-Dead-Invocation',
  agent: 'Clrk-Dead-Agent',
} as const;

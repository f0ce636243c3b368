/**
 * Events that set agents off, in NATS: each namespace has a stream of its own for those that wait and one for those that were given
 * up, and each trigger of an agent is a durable consumer of the first. All subjects begin with the namespace: what stands in a
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
  /** Of those given up; full, the oldest go. */
  deadBytes: 2 * 1024 * kib,
  deadMs: 7 * 24 * 60 * 60_000,
  /** Of one trigger, in the cluster, where the agent says nothing of it. */
  defaultConcurrent: 16,
  defaultMaxDeliver: 5,
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
} as const;

/** What was not run, and what failed once, twice, …: asked again after so long. */
export const notRunMs = 5_000;
const afterFailuresMs = [5_000, 30_000, 2 * 60_000, 10 * 60_000] as const;

export function afterFailureMs(deliveries: number): number {
  return afterFailuresMs[Math.min(Math.max(deliveries, 1), afterFailuresMs.length) - 1] ?? notRunMs;
}

const token = '[A-Za-z0-9_-]+';
/** A subject of an event: tokens alone. */
const plain = new RegExp(`^${token}(?:\\.${token})*$`);
export const maxSubjectLength = 200;

export function isEventSubject(text: string): boolean {
  return text.length <= maxSubjectLength && plain.test(text);
}

/** As NATS does: `*` is one token, `>` at the end one or more. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (const [index, each] of wanted.entries()) {
    if (each === '>') return given.length > index;
    if (given[index] === undefined || (each !== '*' && each !== given[index])) return false;
  }
  return wanted.length === given.length;
}

export const eventTriggerSchema = Type.Object({
  /** Below the namespace's prefix; may hold wildcards. */
  subject: Type.String({ maxLength: maxSubjectLength }),
  maxDeliver: Type.Integer({ minimum: 1 }),
});
export type EventTrigger = Static<typeof eventTriggerSchema>;

export function eventStream(namespace: string): string {
  return `CLRK_EVENTS_${natsToken(namespace)}`;
}

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

export const eventSubjects = 'clrk.events.>';
export const deadSubjects = 'clrk.dead.>';

/** One for each agent and subject; an agent made anew under the same name begins anew. */
export function eventConsumer(uid: string, subject: string): string {
  return `${natsToken(uid)}_${createHash('sha256').update(subject).digest('hex').slice(0, 12)}`;
}

/** Headers of a message that was given up: why, and what it was. */
export const deadHeader = {
  reason: 'Clrk-Dead-Reason',
  deliveries: 'Clrk-Dead-Deliveries',
  invocation: 'Clrk-Dead-Invocation',
  agent: 'Clrk-Dead-Agent',
} as const;

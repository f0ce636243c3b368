/**
 * What is true of an invocation from its first event to its last: who runs, what set it off, since when, until when. The
 * front door says it once; it travels to the worker in headers of the dispatch connection, where no caller can write. Apart
 * because every event is made from these facts alone, so that two processes cannot tell two stories of one call.
 */
import { Value } from 'typebox/value';
import type { AgentRef } from './agent-id.ts';
import { callerFieldsSchema, encodeCaller, type CallerField } from './caller-identity.ts';
import { recordsGroupVersion } from './environment.ts';
import { hardTimeoutMs, header } from './http-header.ts';
import type { Invocation, Phase } from './invocation.ts';
import { isRecordableUser } from './voucher.ts';

/** Those that are calls. */
export const triggerTypes = ['HTTP', 'Cron', 'Event', 'CLI'] as const;
/** `Daemon`: nobody called, it is an agent that is to run. No header can say so. */
export type TriggerType = (typeof triggerTypes)[number] | 'Daemon';

export interface Trigger {
  readonly type: TriggerType;
  /** Which door, schedule or subject: `ingress`, `0 6 * * *`, `orders.created`. */
  readonly source: string;
}

export interface InvocationFacts {
  readonly id: string;
  readonly agent: AgentRef & { readonly uid: string };
  readonly trigger: Trigger;
  /** When the call was taken, in Unix milliseconds of the clock of whoever took it. */
  readonly createdAt: number;
  /** Counted from then; absent: none. */
  readonly timeoutMs?: number;
  readonly traceId?: string | undefined;
  /** Who called; absent: nobody asked, or nobody did. */
  readonly caller?: readonly CallerField[] | undefined;
  /** The user of the cluster who called, whom the platform vouches for; absent: nobody does. */
  readonly user?: string | undefined;
}

/** As an agent is given it: `http`. */
export function triggerWord(trigger: Trigger): string {
  return trigger.type.toLowerCase();
}

/** What the agent may take: its own timeout under the hard cap. */
export function boundedTimeoutMs(agent: { readonly timeoutMs: number }): number {
  return Math.min(agent.timeoutMs, hardTimeoutMs);
}

const iso = (unixMs: number): string => new Date(unixMs).toISOString();

/** The event that says this status. It never ends before it began, whatever the clocks of two machines say. */
export function composeInvocation(facts: InvocationFacts, status: InvocationStatus): Invocation {
  const { id, agent, trigger, createdAt, timeoutMs, traceId, caller, user } = facts;
  const { completedAt, ...said } = status;
  const times = completedAt === undefined ? {} : { completionTime: iso(Math.max(completedAt, createdAt)) };
  return {
    apiVersion: recordsGroupVersion,
    kind: 'Invocation',
    metadata: { name: id, uid: id, namespace: agent.namespace, creationTimestamp: iso(createdAt) },
    spec: {
      parentRef: { kind: agent.kind, name: agent.name, uid: agent.uid },
      trigger: { type: trigger.type, source: trigger.source },
      identity: {
        audiences: [],
        ...(caller === undefined ? {} : { caller: [...caller] }),
        ...(user === undefined ? {} : { user }),
      },
    },
    status: {
      startTime: iso(createdAt),
      ...(timeoutMs === undefined ? {} : { deadline: iso(createdAt + timeoutMs) }),
      ...(traceId === undefined ? {} : { traceId }),
      ...said,
      ...times,
    },
  };
}

/** What one event adds to the facts. */
export type InvocationStatus = Omit<
  Invocation['status'],
  'phase' | 'startTime' | 'deadline' | 'traceId' | 'completionTime'
> & {
  readonly phase: Phase;
  /** Unix milliseconds; of terminal events. */
  readonly completedAt?: number;
};

/** Of the dispatch connection: what the worker cannot know by itself. */
export function renderFactHeaders({
  trigger,
  createdAt,
  caller,
  user,
}: InvocationFacts): Record<string, string> {
  return {
    [header.trigger]: triggerWord(trigger),
    // Schedules may hold what a header may not.
    [header.triggerSource]: encodeURIComponent(trigger.source),
    [header.createdAt]: iso(createdAt),
    ...(caller === undefined ? {} : { [header.caller]: encodeCaller(caller) }),
    ...(user === undefined ? {} : { [header.user]: encodeURIComponent(user) }),
  };
}

/** Absent or unreadable parts (an ingress of an earlier version) are as if the call had been taken here, by HTTP. */
export function parseFactHeaders(
  read: (name: string) => string | undefined,
  now: number,
): Pick<InvocationFacts, 'trigger' | 'createdAt' | 'caller' | 'user'> {
  const word = read(header.trigger)?.toLowerCase();
  const type = triggerTypes.find((each) => each.toLowerCase() === word) ?? 'HTTP';
  const createdAt = Date.parse(read(header.createdAt) ?? '');
  return {
    trigger: { type, source: decoded(read(header.triggerSource)) },
    createdAt: Number.isNaN(createdAt) ? now : createdAt,
    ...callerOf(read(header.caller)),
    ...userOf(read(header.user)),
  };
}

/** What cannot be read is as if nothing had been said. */
function callerOf(text: string | undefined): Pick<InvocationFacts, 'caller'> {
  if (text === undefined) return {};
  try {
    const caller: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return Value.Check(callerFieldsSchema, caller) ? { caller } : {};
  } catch {
    return {};
  }
}

function userOf(text: string | undefined): Pick<InvocationFacts, 'user'> {
  const user = decoded(text);
  return isRecordableUser(user) ? { user } : {};
}

function decoded(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

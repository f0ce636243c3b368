/**
 * What a TaskAgent's status says of its schedule, pure: whether somebody fires it, when it fired last and how that ended, when it
 * fires next. What was fired is what the ingresses wrote down; of a schedule that nobody fires it must never say that it runs.
 */
import {
  lateFireMs,
  neverFires,
  nextFire,
  parseSchedule,
  type Schedule,
  type ScheduleMark,
} from '../../contract/index.ts';
import { scheduleStart } from '../compile/index.ts';
import type { ReadMark } from '../data-plane-status.ts';
import type { TaskAgent } from '../kind.ts';
import { previousConditions } from '../pending.ts';
import type { Finding } from '../runtime/index.ts';

export interface ScheduleObservation {
  readonly agent: TaskAgent;
  readonly mark: ReadMark;
  readonly hasIngress: boolean;
  /** Agents of its namespace: together they have a share of the API server. */
  readonly agentsBeside: number;
  readonly now: number;
}

export interface ScheduleVerdict {
  readonly finding: Finding;
  readonly times: { readonly lastScheduleTime?: string; readonly nextScheduleTime?: string };
  /** When to look again. */
  readonly requeueAfterMs: number | undefined;
}

const type = 'Scheduled';
/** After a due time: an ingress fires within a second, and an answer is there soon, or after the next time. */
const settleMs = 3_000;
/** Between two looks at one agent, and what each agent of its namespace adds: fifty looks a second a namespace at most. */
const leastBeatMs = 10_000;
const beatPerAgentMs = 20;
/** A due time without a mark, so long after the last moment at which it is fired, was missed. */
const missedMs = lateFireMs + 30_000;

export function scheduleVerdict(observation: ScheduleObservation): ScheduleVerdict {
  const { agent, hasIngress } = observation;
  const text = agent.spec.schedule;
  if (text === undefined) return without('NotScheduled', 'no schedule', {});
  const last = lastTime(observation);
  const schedule = parseSchedule(text);
  if (schedule === undefined) return without('ParseError', `not a cron schedule: ${text}`, last);
  if (neverFires(schedule)) return without('ParseError', `a schedule that never fires: ${text}`, last);
  if (!hasIngress) {
    const verdict = without('IngressNotReady', 'no ingress is there to fire it', last);
    // Nothing tells of the first one that comes.
    return { ...verdict, requeueAfterMs: beatOf(observation) };
  }
  return registered(observation, schedule, last);
}

function without(reason: string, message: string, times: ScheduleVerdict['times']): ScheduleVerdict {
  return { finding: { type, status: 'False', reason, message }, times, requeueAfterMs: undefined };
}

function registered(
  observation: ScheduleObservation,
  schedule: Schedule,
  last: ScheduleVerdict['times'],
): ScheduleVerdict {
  const { agent, mark, now } = observation;
  const next = nextFire(schedule, now, scheduleStart(agent.metadata));
  return {
    finding: mark === 'unknown' ? asBefore(agent) : lastFire(agent, schedule, mark, now),
    times: { ...last, ...(next === undefined ? {} : { nextScheduleTime: iso(next) }) },
    // Timers are bounded; a day is soon enough for the rest.
    requeueAfterMs: Math.max(beatOf(observation), Math.min((next ?? now) - now + settleMs, 24 * 60 * 60_000)),
  };
}

function beatOf({ agentsBeside }: ScheduleObservation): number {
  return Math.max(leastBeatMs, agentsBeside * beatPerAgentMs);
}

function lastFire(
  agent: TaskAgent,
  schedule: Schedule,
  mark: ScheduleMark | undefined,
  now: number,
): Finding {
  // Of another schedule nothing follows for this one.
  if (mark?.schedule !== agent.spec.schedule || mark === undefined) return fires;
  const { due, invocation, result } = mark;
  const missed = nextFire(schedule, due, scheduleStart(agent.metadata));
  if (missed !== undefined && missed < now - missedMs) {
    return failed(
      'LastFireMissed',
      `${iso(missed)} was not fired: no ingress had NATS or a place for it in time`,
    );
  }
  if (result?.succeeded !== false) return fires;
  return failed(
    'LastFireFailed',
    `${iso(due)} failed: ${result.code ?? 'no code'}; see invocation ${invocation}`,
  );
}

const fires: Finding = { type, status: 'True', reason: 'ScheduleRegistered', message: '' };

function failed(reason: string, message: string): Finding {
  return { type, status: 'False', reason, message };
}

/** The marks cannot be read now: what was said of the last fire stands. */
function asBefore(agent: TaskAgent): Finding {
  const before = previousConditions(agent).find((condition) => condition.type === type);
  if (before?.reason !== 'LastFireFailed' && before?.reason !== 'LastFireMissed') return fires;
  return failed(before.reason, before.message);
}

/** A mark that is gone leaves what the status said. */
function lastTime({ agent, mark }: ScheduleObservation): { readonly lastScheduleTime?: string } {
  const before = Date.parse(agent.status?.lastScheduleTime ?? '');
  const marked = mark === undefined || mark === 'unknown' ? NaN : mark.due;
  const last = Number.isNaN(marked) ? before : marked;
  return Number.isNaN(last) ? {} : { lastScheduleTime: iso(last) };
}

/** As the API server writes times: whole seconds. */
function iso(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** What a worker's status says of a daemon: of one it runs or keeps, and of one that is over for good, which every worker knows. Pure. */
import type { DaemonLease, DaemonStatusWord } from '../../contract/index.ts';
import { isMine, type DaemonState, type Instance } from './daemon-state.ts';

/** Undefined: somebody else knows, or nobody does yet. */
export function wordOf(state: DaemonState): DaemonStatusWord | undefined {
  const { instance, seen, want } = state;
  if (instance !== undefined && instance.end === undefined) return ofInstance(instance, seen?.lease);
  const lease = seen?.lease;
  return lease?.revision === want.terms?.revision ? ofLease(lease, isMine(state)) : undefined;
}

function ofLease(lease: DaemonLease | undefined, isHeld: boolean): DaemonStatusWord | undefined {
  if (lease === undefined) return undefined;
  const phase = isHeld ? phaseOfHeld(lease) : lease.over ? 'Stopped' : undefined;
  if (phase === undefined) return undefined;
  return { phase, revision: lease.revision, restarts: lease.restarts, ...lastEndOf(lease) };
}

function phaseOfHeld({ failures, run, over }: DaemonLease): 'CrashLoopBackOff' | undefined {
  return failures > 0 && run === undefined && !over ? 'CrashLoopBackOff' : undefined;
}

function ofInstance({ run, startedAt }: Instance, lease: DaemonLease | undefined): DaemonStatusWord {
  return {
    phase: startedAt === undefined ? 'Starting' : 'Running',
    ...{ revision: run.revision, restarts: lease?.restarts ?? 0, invocation: run.id },
    ...(startedAt === undefined ? {} : { upSince: run.startedAt }),
    ...lastEndOf(lease),
  };
}

function lastEndOf(lease: DaemonLease | undefined): Pick<DaemonStatusWord, 'lastEnd'> {
  if (lease?.lastEnd === undefined) return {};
  const { reason, message } = lease.lastEnd;
  return { lastEnd: { reason, ...(message === undefined ? {} : { message }) } };
}

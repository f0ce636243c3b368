/**
 * What a TaskAgent's status says of sandboxes whose agent is started before its runs, pure: whether they wait as they should. It
 * is no part of Ready: a call that finds none has a sandbox made for it.
 */
import type { WarmTrouble, WorkerStatus } from '../../contract/index.ts';
import type { TaskAgent } from '../kind.ts';
import { conditionOf, type Finding } from '../runtime/index.ts';

const words: Readonly<Record<WarmTrouble, readonly [reason: string, text: string]>> = {
  SandboxFailed: ['SandboxFailed', 'sandboxes cannot be made or started'],
  ExitsEarly: ['AgentExitsEarly', 'the agent ends before it has a run'],
  WritesEarly: ['AgentWritesEarly', 'the agent writes to standard output before it has read its input'],
  SnapshotFailed: ['SnapshotFailed', 'no image of the waiting agent can be made and restored'],
  // The word of workers is older than the reason, which is also about too many.
  SnapshotTooLarge: [
    'SnapshotNoRoom',
    'there is no room for the image of the waiting agent: it is larger than its share or the disk, or too many are kept',
  ],
  SecretInEnvironment: [
    'SecretInEnvironment',
    'env holds what looks like a credential, which would be in the image of its memory',
  ],
  AnswersEarly: ['AgentAnswersEarly', 'the agent answers, or answers once more, when it has no run'],
};

export interface WarmObservation {
  readonly agent: TaskAgent;
  readonly workers: readonly WorkerStatus[];
  /** The revision that serves. */
  readonly revision: string | undefined;
}

/** Undefined: its sandboxes are made without their agent being started. */
export function warmFinding({ agent, workers, revision }: WarmObservation): Finding | undefined {
  const { warmPoolMode = 'Created' } = agent.spec;
  if (warmPoolMode === 'Created') return undefined;
  const type = 'WarmPoolReady';
  const id = `${agent.metadata.namespace}/${revision ?? ''}`;
  const troubles = workers.flatMap(({ warmTroubles }) => warmTroubles?.[id] ?? []);
  const [trouble] = troubles;
  if (trouble !== undefined) {
    const [reason, text] = words[trouble];
    const message = `${text} (${troubles.length} of ${workers.length} workers); it is started again ever more seldom, and calls have sandboxes made for them`;
    return { type, status: 'False', reason, message };
  }
  const isWaiting = workers.some(({ warm }) => (warm[id] ?? 0) > 0);
  // All on runs: that says nothing new.
  const didWait = workers.length > 0 && conditionOf(agent, type)?.status === 'True';
  if (isWaiting || didWait) {
    return { type, status: 'True', reason: 'Waiting', message: 'started agents wait for calls' };
  }
  return { type, status: 'Unknown', reason: 'NoneWaits', message: 'no started agent waits now' };
}

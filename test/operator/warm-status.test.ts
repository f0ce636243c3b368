/** What a status says of agents that are started before their runs. */
import { expect, test } from 'vitest';
import type { WarmTrouble, WorkerStatus } from '../../contract/index.ts';
import { diffStatus } from '../../operator/data-plane-status.ts';
import type { TaskAgent } from '../../operator/kind.ts';
import { warmFinding } from '../../operator/taskagent/warm-status.ts';

const agent = (warmPoolMode?: string, conditions: readonly object[] = []): TaskAgent =>
  ({
    metadata: { namespace: 'd', name: 'a' },
    spec: { warmPoolMode },
    status: { conditions },
  }) as unknown as TaskAgent;

const worker = (waiting: number, trouble?: WarmTrouble): WorkerStatus =>
  ({
    ...{ namespace: 'd', pod: 'w', pool: 'p', images: {}, inFlight: {} },
    warm: { 'd/a-00002': waiting },
    warmTroubles: trouble === undefined ? {} : { 'd/a-00002': trouble, 'd/other-00001': 'SandboxFailed' },
  }) as unknown as WorkerStatus;

const held = [{ type: 'WarmPoolReady', status: 'True' }];

test.each<[string, TaskAgent, readonly WorkerStatus[], string, string]>([
  ['one waits', agent('Started'), [worker(0), worker(1)], 'True', 'Waiting'],
  ['all on runs', agent('Resident', held), [worker(0)], 'True', 'Waiting'],
  ['none yet', agent('Started'), [worker(0)], 'Unknown', 'NoneWaits'],
  ['no worker', agent('Started', held), [], 'Unknown', 'NoneWaits'],
  ['it ends', agent('Started', held), [worker(1), worker(0, 'ExitsEarly')], 'False', 'AgentExitsEarly'],
  ['it writes', agent('Started'), [worker(0, 'WritesEarly')], 'False', 'AgentWritesEarly'],
  ['it answers', agent('Resident'), [worker(0, 'AnswersEarly')], 'False', 'AgentAnswersEarly'],
  ['no image', agent('Snapshot'), [worker(0, 'SnapshotFailed')], 'False', 'SnapshotFailed'],
  ['no room', agent('Snapshot'), [worker(0, 'SnapshotTooLarge')], 'False', 'SnapshotNoRoom'],
  ['a secret', agent('Snapshot'), [worker(0, 'SecretInEnvironment')], 'False', 'SecretInEnvironment'],
  ['not made', agent('Resident'), [worker(0, 'SandboxFailed')], 'False', 'SandboxFailed'],
])('%s', (_name, object, workers, status, reason) => {
  const finding = warmFinding({ agent: object, workers, revision: 'a-00002' });
  expect(finding).toMatchObject({ type: 'WarmPoolReady', status, reason });
});

test('an agent that nobody starts ahead has no such condition', () => {
  for (const object of [agent(), agent('Created')]) {
    expect(
      warmFinding({ agent: object, workers: [worker(0, 'SandboxFailed')], revision: 'a-00002' }),
    ).toBeUndefined();
  }
});

test('an agent is looked at when a worker says so', () => {
  const words = (each: WorkerStatus) => ({ workers: [each], gateways: [], ingresses: [] });
  const { agents } = diffStatus(words(worker(0)), words(worker(0, 'ExitsEarly')));
  expect([...agents].sort()).toEqual(['d/a', 'd/other']);
});

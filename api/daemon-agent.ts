/** DaemonAgent: an untrusted agent that runs all the time, one instance in the cluster. */
import { Type, type Static } from 'typebox';
import { agentResources, agentTemplate, egressRefs, revisionNames, workerPoolRef } from './agent.ts';
import { choice, flag, integer, record } from './field.ts';
import { columns, subdomainName, statusOf, type KindDefinition, type Resource } from './resource.ts';

const spec = record('spec is the agent as it should be.', {
  template: agentTemplate(),
  workerPoolRef: workerPoolRef(),
  resources: Type.Optional(agentResources()),
  restartPolicy: Type.Optional(
    choice(
      'restartPolicy is when it is started again: Always, OnFailure after a non-zero exit, or Never; unset means Always. Between starts it waits 10 s, twice as long each time up to 5 min; after 10 min of running the next wait is 10 s again. Never counts for the revision: not even the loss of its worker starts it a second time.',
      ['Always', 'OnFailure', 'Never'],
      { default: 'Always' },
    ),
  ),
  maxRestarts: Type.Optional(
    integer(
      'maxRestarts is how many times it is started again after an end of its own; unset or 0 means without limit. A run that is handed over to another worker, or replaced by a new revision, is not counted.',
    ),
  ),
  maxLifetimeSeconds: Type.Optional(
    integer(
      'maxLifetimeSeconds is when a run is stopped, after which restartPolicy applies; unset or 0 means never.',
      { format: 'int64', max: Number.MAX_SAFE_INTEGER },
    ),
  ),
  suspend: Type.Optional(
    flag('suspend stops it, and nothing starts it until it is false again; unset means false.'),
  ),
  egressRefs: Type.Optional(egressRefs()),
});

const status = statusOf({
  phase: Type.Optional(
    choice('phase is what the instance does now.', ['Running', 'Stopped', 'CrashLoopBackOff']),
  ),
  upSince: Type.Optional(
    Type.String({
      description: 'upSince is when the running instance started.',
      format: 'date-time',
      maxLength: 64,
    }),
  ),
  restartCount: Type.Optional(
    integer('restartCount is how many times this revision was started again after an end of its own.'),
  ),
  ...revisionNames(),
});

export type DaemonAgentSpec = Static<typeof spec>;
export type DaemonAgentStatus = Static<typeof status>;
export type DaemonAgent = Resource<DaemonAgentSpec, DaemonAgentStatus>;

export const daemonAgent: KindDefinition = {
  kind: 'DaemonAgent',
  plural: 'daemonagents',
  shortName: 'da',
  categories: ['agents'],
  description: 'DaemonAgent is an untrusted agent that runs all the time, one instance in the cluster.',
  // `NAME-00001` is a revision, and its number may grow.
  name: subdomainName(242),
  spec,
  status,
  columns: columns(
    [
      { name: 'Pool', type: 'string', jsonPath: '.spec.workerPoolRef' },
      { name: 'Latest Ready', type: 'string', jsonPath: '.status.latestReadyRevisionName' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Restarts', type: 'integer', jsonPath: '.status.restartCount' },
    ],
    [{ name: 'Image', type: 'string', jsonPath: '.spec.template.spec.image' }],
  ),
};

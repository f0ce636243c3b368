/** AgentSandboxRevision: one version of a TaskAgent's template, written by the operator and never changed. */
import { Type, type Static } from 'typebox';
import { agentEnvironment, argumentList } from './container.ts';
import { flag, integer, list, record, text } from './field.ts';
import { columns, statusOf, type KindDefinition, type Resource } from './resource.ts';
import { imageRules } from './rule.ts';

const spec = record(
  'spec is the process in the sandbox, as its TaskAgent had it.',
  {
    image: text('image is the OCI image of the agent.', { max: 512, rules: imageRules }),
    command: Type.Optional(
      argumentList('command replaces the entrypoint of the image; unset means that of the image.'),
    ),
    args: Type.Optional(argumentList('args follow the command; unset means none.')),
    env: Type.Optional(agentEnvironment()),
  },
  {
    rules: [
      {
        rule: 'self == oldSelf',
        message: 'a revision never changes: change its TaskAgent, which makes a new one',
      },
    ],
  },
);

const worker = record('WorkerState is the revision on one worker.', {
  podName: text('podName is the worker.'),
  imagePulled: Type.Optional(flag('imagePulled says whether the image is there.')),
  warmCount: Type.Optional(integer('warmCount is the number of sandboxes ready.')),
  activeExecutions: Type.Optional(
    integer('activeExecutions is the number of executions of the agent running now.'),
  ),
  lastHeartbeat: Type.Optional(
    Type.String({
      description: 'lastHeartbeat is when the worker last reported.',
      format: 'date-time',
      maxLength: 64,
    }),
  ),
});

const status = statusOf({
  readyWorkers: Type.Optional(integer('readyWorkers is the number of workers that have the image.')),
  workers: Type.Optional(
    list('workers say how each worker stands.', worker, { max: 10_000, keys: ['podName'] }),
  ),
});

export type AgentSandboxRevisionSpec = Static<typeof spec>;
export type AgentSandboxRevisionStatus = Static<typeof status>;
export type AgentSandboxRevision = Resource<AgentSandboxRevisionSpec, AgentSandboxRevisionStatus>;

export const agentSandboxRevision: KindDefinition = {
  kind: 'AgentSandboxRevision',
  plural: 'agentsandboxrevisions',
  shortName: 'asr',
  description: 'AgentSandboxRevision is one version of the template of a TaskAgent.',
  spec,
  status,
  columns: columns(
    [
      { name: 'Agent', type: 'string', jsonPath: '.metadata.labels.clrk\\.apoxy\\.dev/agent' },
      { name: 'Ready Workers', type: 'integer', jsonPath: '.status.readyWorkers' },
    ],
    [{ name: 'Image', type: 'string', jsonPath: '.spec.image' }],
  ),
};

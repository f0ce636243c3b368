/** TaskAgent: an untrusted agent that runs once per call, in a fresh sandbox. */
import { Type, type Static } from 'typebox';
import { agentEnvironment, argumentList, templateMetadata } from './container.ts';
import { anyJson, choice, duration, flag, integer, list, quantity, record, text } from './field.ts';
import { ageColumn, conditionColumn, statusOf, type KindDefinition, type Resource } from './resource.ts';
import { imageRules, mountPathRules } from './rule.ts';

const template = record('template is what runs in the sandbox.', {
  metadata: Type.Optional(
    templateMetadata('metadata adds labels and annotations to revisions; unset means none.'),
  ),
  spec: record('spec is the process in the sandbox.', {
    image: text('image is the OCI image of the agent.', { max: 512, rules: imageRules }),
    command: Type.Optional(
      argumentList('command replaces the entrypoint of the image; unset means that of the image.'),
    ),
    args: Type.Optional(argumentList('args follow the command; unset means none.')),
    env: Type.Optional(agentEnvironment()),
  }),
});

const extractor = record(
  'Extractor takes one field of the caller identity from the call.',
  {
    type: choice('type is where the field is found.', ['Header', 'Body', 'JWT']),
    header: Type.Optional(
      record('header is read for type Header.', {
        name: text('name is the header.'),
        field: text('field is the identity field it fills.', { max: 63 }),
      }),
    ),
    body: Type.Optional(
      record('body is read for type Body.', {
        jsonPath: text('jsonPath is where in the JSON body.', { max: 1_024 }),
        field: text('field is the identity field it fills.', { max: 63 }),
      }),
    ),
    jwt: Type.Optional(
      record('jwt is read for type JWT.', {
        claim: text('claim is the claim of the token.'),
        field: text('field is the identity field it fills.', { max: 63 }),
      }),
    ),
  },
  {
    rules: [
      {
        rule: "(self.type == 'Header') == has(self.header) && (self.type == 'Body') == has(self.body) && (self.type == 'JWT') == has(self.jwt)",
        message: 'set exactly the block of the extractor type: header, body or jwt',
      },
    ],
  },
);

const spec = record('spec is the agent as it should be.', {
  template,
  workerPoolRef: text('workerPoolRef is the WorkerPool it runs on, in the same namespace.'),
  resources: Type.Optional(
    record('resources are what one execution may use; unset means 1 CPU and 512Mi.', {
      cpu: Type.Optional(quantity('cpu is cores; unset or 0 means 1.')),
      memory: Type.Optional(quantity('memory is bytes; unset or 0 means 512Mi.')),
      ephemeralStorage: Type.Optional(
        quantity('ephemeralStorage is bytes written outside state; unset or 0 means unlimited.'),
      ),
    }),
  ),
  timeout: Type.Optional(
    duration('timeout is how long one execution may take; unset means 100s.', 'timeout', { default: '100s' }),
  ),
  maxConcurrent: Type.Optional(
    integer(
      'maxConcurrent is how many executions may run at a time in the cluster; unset or 0 means unlimited.',
    ),
  ),
  warmPoolSize: Type.Optional(
    integer('warmPoolSize is how many sandboxes each worker keeps ready; unset means 0.', { max: 16 }),
  ),
  warmPoolIdleTTL: Type.Optional(
    duration(
      'warmPoolIdleTTL is when an unused warm sandbox is replaced; unset means 10m.',
      'warmPoolIdleTTL',
    ),
  ),
  schedule: Type.Optional(
    text('schedule is a cron schedule in UTC, besides calls over HTTP; unset means none.', {
      max: 128,
      rules: [
        {
          rule: "self.matches('^ *[0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4} *$')",
          message: 'schedule must be a 5-field cron schedule such as */5 * * * *',
        },
      ],
    }),
  ),
  scheduleInput: Type.Optional(
    anyJson('scheduleInput is the body of scheduled calls, any JSON; unset means {}.'),
  ),
  egressRefs: Type.Optional(
    list(
      'egressRefs are the gateways it reaches the world through, the first one that has a listener for a destination; unset means it reaches nothing.',
      record('EgressReference names an EgressGateway.', {
        gatewayRef: text('gatewayRef is the EgressGateway, in the same namespace.'),
      }),
      { max: 8 },
    ),
  ),
  identity: Type.Optional(
    record('identity is how the caller is recognised; unset means it is not.', {
      extractors: list('extractors each fill one field of the identity.', extractor, { max: 16, min: 1 }),
    }),
  ),
  streaming: Type.Optional(
    record('streaming is accepted for compatibility; output is always streamed.', {
      enabled: Type.Optional(flag('enabled is not consulted.')),
    }),
  ),
  state: Type.Optional(
    record('state is a directory kept between executions on one worker; unset means none.', {
      backend: Type.Optional(
        text('backend is how state is kept; only sqlite, a directory to put the database in.', { max: 63 }),
      ),
      sizeLimitMB: Type.Optional(
        integer('sizeLimitMB refuses executions above this size; unset means 100, 0 means no limit.'),
      ),
      mountPath: Type.Optional(
        text('mountPath is where state appears; unset means /var/clrk/state.', {
          max: 1_024,
          rules: mountPathRules(),
        }),
      ),
    }),
  ),
  delivery: Type.Optional(
    record('delivery is how the call reaches the agent; unset means standard input.', {
      mode: Type.Optional(
        choice('mode is Stdin, or Metadata for the metadata service; unset means Stdin.', [
          'Stdin',
          'Metadata',
        ]),
      ),
    }),
  ),
});

const status = statusOf({
  activeExecutions: Type.Optional(integer('activeExecutions is the number of executions running now.')),
  warmSandboxes: Type.Optional(integer('warmSandboxes is the number of sandboxes ready on all workers.')),
  latestCreatedRevisionName: Type.Optional(
    text('latestCreatedRevisionName is the newest AgentSandboxRevision.'),
  ),
  latestReadyRevisionName: Type.Optional(
    text('latestReadyRevisionName is the AgentSandboxRevision that serves calls.'),
  ),
  lastScheduleTime: Type.Optional(
    Type.String({
      description: 'lastScheduleTime is when the schedule last fired.',
      format: 'date-time',
      maxLength: 64,
    }),
  ),
  nextScheduleTime: Type.Optional(
    Type.String({
      description: 'nextScheduleTime is when the schedule fires next.',
      format: 'date-time',
      maxLength: 64,
    }),
  ),
});

export type TaskAgentSpec = Static<typeof spec>;
export type TaskAgentStatus = Static<typeof status>;
export type TaskAgent = Resource<TaskAgentSpec, TaskAgentStatus>;

export const taskAgent: KindDefinition = {
  kind: 'TaskAgent',
  plural: 'taskagents',
  shortName: 'ta',
  description: 'TaskAgent is an untrusted agent that runs once per call in a fresh sandbox.',
  spec,
  status,
  columns: [
    { name: 'Pool', type: 'string', jsonPath: '.spec.workerPoolRef' },
    { name: 'Latest Ready', type: 'string', jsonPath: '.status.latestReadyRevisionName' },
    { name: 'Active', type: 'integer', jsonPath: '.status.activeExecutions' },
    { name: 'Warm', type: 'integer', jsonPath: '.status.warmSandboxes' },
    conditionColumn('Status', 'Ready'),
    ageColumn,
    { name: 'Image', type: 'string', jsonPath: '.spec.template.spec.image', priority: 1 },
    { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule', priority: 1 },
    { name: 'Last Run', type: 'date', jsonPath: '.status.lastScheduleTime', priority: 1 },
  ],
};

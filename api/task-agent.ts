/** TaskAgent: an untrusted agent that runs once per call, in a fresh sandbox. */
import { Type, type Static } from 'typebox';
import { agentResources, agentTemplate, egressRefs, revisionNames, workerPoolRef } from './agent.ts';
import { choice, duration, flag, integer, list, record, text } from './field.ts';
import { columns, labelName, statusOf, type KindDefinition, type Resource } from './resource.ts';
import { mountPathRules } from './rule.ts';
import { scheduleInput } from './schedule-input.ts';

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
        jsonPath: text(
          'jsonPath is where in the JSON body: names and indexes, such as $.event.user.id. A body over 64 KiB, or one that has not come when the call is dispatched, is not looked into.',
          { max: 1_024 },
        ),
        field: text('field is the identity field it fills.', { max: 63 }),
      }),
    ),
    jwt: Type.Optional(
      record('jwt is read for type JWT.', {
        claim: text('claim is the claim of the token.'),
        jwks: Type.Optional(
          text(
            'jwks is a JSON Web Key Set, as text: only tokens that one of its keys has signed (RS256, RS384, RS512, ES256, EdDSA) and that have not expired count. Nothing is fetched. Unset means that tokens are read and recorded as not verified.',
            { max: 16_384 },
          ),
        ),
        issuer: Type.Optional(
          text('issuer is who must have issued the token; unset means anybody whose key is in jwks.', {
            max: 1_024,
          }),
        ),
        audience: Type.Optional(
          text('audience is whom the token must be for; unset means anybody.', { max: 1_024 }),
        ),
        field: text('field is the identity field it fills.', { max: 63 }),
      }),
    ),
  },
  {
    rules: [
      {
        rule: '!has(self.jwt) || has(self.jwt.jwks) || (!has(self.jwt.issuer) && !has(self.jwt.audience))',
        message: 'jwt.issuer and jwt.audience need jwt.jwks: nothing else is verified',
      },
      {
        rule: "(self.type == 'Header') == has(self.header) && (self.type == 'Body') == has(self.body) && (self.type == 'JWT') == has(self.jwt)",
        message: 'set exactly the block of the extractor type: header, body or jwt',
      },
    ],
  },
);

const trigger = record('Trigger is what sets the agent off besides calls over HTTP and its schedule.', {
  type: choice('type is what it is: Event, an event on a subject of the namespace.', ['Event']),
  subject: text(
    'subject is what is heard, below the namespace’s own prefix: names separated by dots, * for one of them, > for all that follows. What is published on it is run at least once, tried again with growing pauses when the run fails.',
    {
      max: 200,
      rules: [
        {
          rule: "self.matches('^([A-Za-z0-9_-]+|[*])([.]([A-Za-z0-9_-]+|[*]))*([.]>)?$|^>$')",
          message:
            'subject must be names of letters, digits, _ and -, separated by dots, such as orders.created, orders.* or orders.>',
        },
      ],
    },
  ),
  maxDeliver: Type.Optional(
    integer(
      'maxDeliver is how often a run of an event may fail before it is given up; what could not be started does not count. It is then on clrk.dead.<namespace>.<agent>.<subject> for a week. Unset means 5.',
      { min: 1, max: 20 },
    ),
  ),
});

const startsAhead = "has(self.warmPoolMode) && self.warmPoolMode != 'Created'";
const isSnapshot = "has(self.warmPoolMode) && self.warmPoolMode == 'Snapshot'";
const isResident = "has(self.warmPoolMode) && self.warmPoolMode == 'Resident'";
const warmRules = [
  {
    rule: `!(${startsAhead}) || (has(self.warmPoolSize) && self.warmPoolSize > 0)`,
    message: 'warmPoolMode Started, Resident and Snapshot need a warmPoolSize of at least 1',
  },
  {
    rule: `!(${startsAhead}) || !has(self.state)`,
    message:
      'state goes with warmPoolMode Created alone: an agent that waits would hold its state open while others change it',
  },
  {
    rule: `!(${isResident}) || (has(self.delivery) && has(self.delivery.mode) && self.delivery.mode == 'Metadata')`,
    message: 'warmPoolMode Resident needs delivery.mode Metadata: standard input is read once',
  },
  {
    rule: `!(${isSnapshot}) || !has(self.delivery) || !has(self.delivery.mode) || self.delivery.mode == 'Stdin'`,
    message:
      'warmPoolMode Snapshot needs delivery.mode Stdin: a question that is held is a connection, which no image carries',
  },
  {
    rule: `!has(self.reuse) || (${isResident})`,
    message: 'reuse is of warmPoolMode Resident alone',
  },
];

const spec = record(
  'spec is the agent as it should be.',
  {
    template: agentTemplate(),
    workerPoolRef: workerPoolRef(),
    resources: Type.Optional(agentResources()),
    timeout: Type.Optional(
      duration('timeout is how long one execution may take; unset means 100s.', 'timeout', {
        default: '100s',
      }),
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
    warmPoolMode: Type.Optional(
      choice(
        'warmPoolMode is how far a sandbox of the warm pool is when its call comes; unset means Created. Created: made, the agent not started. Started: the agent runs and is blocked on its input, which is standard input or GET /v1/event, held until there is a run; each serves one run. It reaches nothing before: names are answered, connections wait up to 30s and are then refused. Whoever exits, answers or writes to standard output (of delivery Stdin) before its run is replaced, ever more slowly. Resident: one process serves many runs of its revision one after another, see reuse. Snapshot: an image of the memory of an agent that waits on standard input is restored for each run, which begins there and is of none before; without a usable image the run is cold. Clones of one image repeat its random state: Math.random, crypto.randomBytes and randomUUID of Node, OpenSSL, and random of Python give two runs the same bytes, and only what asks the kernel (/dev/urandom, os.urandom, secrets) does not; an executable /.clrk/on-restore of the agent’s image is run as its user in the sandbox before each run and may tell the agent to reseed (5s; if it fails, the run is cold). Time-outs count from the call. No environment variable tells of a run in any mode; its id is in the header x-clrk-invocation-id of GET /v1/event, all else in the event.',
        ['Created', 'Started', 'Resident', 'Snapshot'],
      ),
    ),
    reuse: Type.Optional(
      record(
        'reuse bounds a process of warmPoolMode Resident. It asks GET /v1/event, answers by POST /v1/response with the x-clrk-invocation-id it got, and asks again. Its memory, /tmp and everything else in the sandbox are shared by its runs; connections are not: they end with their run. A run that fails, times out or is answered twice ends the process. Unset means the defaults.',
        {
          maxRuns: Type.Optional(
            integer('maxRuns is after how many runs the process is replaced; unset means 100.', {
              min: 1,
              max: 100_000,
            }),
          ),
          maxAge: Type.Optional(
            duration('maxAge is how old the process may be when a run begins; unset means 1h.', 'maxAge', {
              within: ['1s', '168h'],
            }),
          ),
        },
      ),
    ),
    schedule: Type.Optional(
      text(
        'schedule is when the agent is called besides calls over HTTP, in UTC unless CRON_TZ= says otherwise: each time at most once, at most a minute late, and never made up for; unset means none. The result is in condition Scheduled.',
        {
          max: 128,
          rules: [
            {
              rule: "self.matches('^ *((CRON_)?TZ=[0-9A-Za-z/_+-]+ +)?([0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4}|@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every +([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+) *$')",
              message: 'schedule must be a 5-field cron schedule such as */5 * * * *, @daily or @every 5m',
            },
          ],
        },
      ),
    ),
    scheduleInput: Type.Optional(scheduleInput()),
    triggers: Type.Optional(
      list('triggers are what else sets the agent off; unset means nothing does.', trigger, { max: 8 }),
    ),
    egressRefs: Type.Optional(egressRefs()),
    identity: Type.Optional(
      record(
        'identity is how callers are recognised, for records and spans; nobody is refused by it. Unset means they are not.',
        {
          extractors: list('extractors each fill one field of the identity.', extractor, { max: 16, min: 1 }),
        },
      ),
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
          integer(
            'sizeLimitMB is how much the state may hold; a write over it fails (ENOSPC). Unset means 100, 0 means 16384.',
          ),
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
  },
  { rules: warmRules },
);

const status = statusOf({
  activeExecutions: Type.Optional(integer('activeExecutions is the number of executions running now.')),
  warmSandboxes: Type.Optional(integer('warmSandboxes is the number of sandboxes ready on all workers.')),
  ...revisionNames(),
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
  categories: ['agents'],
  description: 'TaskAgent is an untrusted agent that runs once per call in a fresh sandbox.',
  // `clrk-NAME` is a Service.
  name: labelName(58),
  spec,
  status,
  columns: columns(
    [
      { name: 'Pool', type: 'string', jsonPath: '.spec.workerPoolRef' },
      { name: 'Latest Ready', type: 'string', jsonPath: '.status.latestReadyRevisionName' },
      { name: 'Active', type: 'integer', jsonPath: '.status.activeExecutions' },
      { name: 'Warm', type: 'integer', jsonPath: '.status.warmSandboxes' },
    ],
    [
      { name: 'Image', type: 'string', jsonPath: '.spec.template.spec.image' },
      { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule' },
      { name: 'Last Run', type: 'date', jsonPath: '.status.lastScheduleTime' },
    ],
  ),
};

/** Approval: one call that waits for a person, and what the person decided. Made by the operator; people write `decision` alone. */
import { Type, type Static } from 'typebox';
import { choice, flag, integer, record, text } from './field.ts';
import { statusOf, type KindDefinition, type Resource } from './resource.ts';

const request = record(
  'request is what is asked, as the gateway saw it; it never changes.',
  {
    id: text('id is the parked call.', { max: 16, pattern: '^[0-9a-f]{16}$' }),
    gateway: text('gateway is the EgressGateway it waits in.', { max: 253 }),
    agent: record('agent is who wants to call.', {
      kind: choice('kind is TaskAgent or DaemonAgent.', ['TaskAgent', 'DaemonAgent']),
      name: text('name is the agent.', { max: 253 }),
      uid: text('uid is the agent, so that a namesake made later is another.', { max: 253 }),
    }),
    invocation: text('invocation is the run it is part of.', { max: 253 }),
    route: record(
      'route is the route whose rule wants an answer, or the EgressGateway that asks about what no route opens.',
      {
        kind: text('kind is its kind.', { max: 63 }),
        namespace: text('namespace is where it is.', { max: 253 }),
        name: text('name is the route.', { max: 253 }),
      },
    ),
    key: text('key is the same for calls an answer that lasts is about.', { max: 64 }),
    call: record('call is what it wants to do; agents write most of it.', {
      method: text('method is the HTTP method, or the JSON-RPC method.', { max: 32 }),
      host: text('host is where it goes.', { max: 253 }),
      port: integer('port is the TCP port.', { min: 1, max: 65_535 }),
      path: Type.Optional(text('path is the path, without query.', { max: 1_024 })),
      query: Type.Optional(text('query is the query, with keys left out.', { max: 1_024 })),
      model: Type.Optional(text('model is the model asked for.', { max: 200 })),
      tool: Type.Optional(text('tool is the MCP tool.', { max: 256 })),
      arguments: Type.Optional(
        text('arguments are those of the tool as JSON, without what is named like a secret.', { max: 1_024 }),
      ),
      argumentsDigest: Type.Optional(text('argumentsDigest is of all arguments as they came.', { max: 71 })),
      bodyBytes: Type.Optional(integer('bodyBytes is the length of a body nobody shows.')),
      cut: Type.Optional(flag('cut is true where not all of it is shown.')),
    }),
    expiresAt: Type.String({
      description: 'expiresAt is until when the call waits.',
      format: 'date-time',
      maxLength: 64,
    }),
  },
  { rules: [{ rule: 'self == oldSelf', message: 'what was asked never changes' }] },
);

const decision = record(
  'decision is what a person decided; once written, it never changes. Deleting the Approval takes an answer that lasts back.',
  {
    answer: choice('answer is Allow or Deny.', ['Allow', 'Deny']),
    for: Type.Optional(
      choice(
        'for is which calls it is about: this one (Once), or those of its invocation or agent that are to the same place by the same rule, whatever their query, body or arguments; unset means Once.',
        ['Once', 'Invocation', 'Agent'],
      ),
    ),
    ttl: Type.Optional(
      text('ttl is how long an answer that lasts holds: 90s, 30m, 12h, at most 7d; unset means 1h.', {
        max: 7,
        pattern: '^([1-9][0-9]{0,4}s|[1-9][0-9]{0,3}m|([1-9][0-9]?|1[0-5][0-9]|16[0-8])h|[1-7]d)$',
      }),
    ),
    reason: Type.Optional(text('reason is why, for the record; agents do not see it.', { min: 0, max: 256 })),
    decidedBy: text('decidedBy is the Kubernetes user who decided; nobody can write another.', {
      max: 1_024,
    }),
  },
  {
    rules: [
      {
        rule: "!has(self.ttl) || (has(self.for) && self.for != 'Once')",
        message: 'ttl is for answers that last: set for to Invocation or Agent',
      },
    ],
  },
);

const spec = record(
  'spec is what is asked and what was decided.',
  { request, decision: Type.Optional(decision) },
  {
    rules: [
      {
        rule: '!has(oldSelf.decision) || (has(self.decision) && self.decision == oldSelf.decision)',
        message: 'a decision never changes: delete the Approval to take back one that lasts',
      },
    ],
  },
);

const status = statusOf({
  phase: Type.Optional(choice('phase is how it stands.', ['Pending', 'Allowed', 'Denied', 'Expired'])),
  call: Type.Optional(
    choice('call is what became of the call: Waiting, Went, Refused, or Gone with its agent or gateway.', [
      'Waiting',
      'Went',
      'Refused',
      'Gone',
    ]),
  ),
  validUntil: Type.Optional(
    Type.String({
      description: 'validUntil is until when an answer that lasts holds.',
      format: 'date-time',
      maxLength: 64,
    }),
  ),
});

export type ApprovalSpec = Static<typeof spec>;
export type ApprovalStatus = Static<typeof status>;
export type Approval = Resource<ApprovalSpec, ApprovalStatus>;

export const approval: KindDefinition = {
  kind: 'Approval',
  plural: 'approvals',
  shortName: 'appr',
  description:
    'Approval is one call of an agent that waits for a person. The operator makes and removes them.',
  spec,
  status,
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'Agent', type: 'string', jsonPath: '.spec.request.agent.name' },
    { name: 'Method', type: 'string', jsonPath: '.spec.request.call.method' },
    { name: 'Host', type: 'string', jsonPath: '.spec.request.call.host' },
    { name: 'Tool', type: 'string', jsonPath: '.spec.request.call.tool' },
    { name: 'Path', type: 'string', jsonPath: '.spec.request.call.path', priority: 1 },
    { name: 'By', type: 'string', jsonPath: '.spec.decision.decidedBy' },
    { name: 'Until', type: 'date', jsonPath: '.status.validUntil', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
};

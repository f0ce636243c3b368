/** CredentialInjectionPolicy: which Secret the gateway puts into which calls, so that agents never hold it. */
import { Type, type Static } from 'typebox';
import { choice, labelLength, list, record, text } from './field.ts';
import {
  ageColumn,
  conditionColumn,
  conditions,
  statusOf,
  type KindDefinition,
  type Resource,
} from './resource.ts';

const targetRef = record(
  'TargetReference names what the policy applies to, in the same namespace.',
  {
    group: Type.Optional(
      text('group is its API group; unset means clrk.apoxy.dev.', { pattern: '^clrk[.]apoxy[.]dev$' }),
    ),
    kind: choice('kind is its kind.', ['AIProviderRoute', 'MCPRoute', 'EgressGateway']),
    name: text('name is its name.'),
    sectionName: Type.Optional(
      text('sectionName is one Backend of an AIProviderRoute; unset means the whole object.'),
    ),
  },
  {
    rules: [
      {
        rule: "!has(self.sectionName) || self.kind == 'AIProviderRoute'",
        message: 'sectionName names a Backend and is allowed for AIProviderRoute only',
      },
    ],
  },
);

const hopByHop = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'keep-alive',
];

const providerAuth = record('providerAuth signs calls for target ProviderAuth.', {
  type: choice('type is AWSv4; GCPServiceAccount is refused.', ['AWSv4', 'GCPServiceAccount'], {
    rules: [
      {
        rule: "self != 'GCPServiceAccount'",
        message: 'providerAuth type GCPServiceAccount is not supported: use AWSv4 or target Header',
      },
    ],
  }),
  region: Type.Optional(
    text('region is the AWS region; unset means that of the host.', { max: labelLength }),
  ),
  service: Type.Optional(text('service is the AWS service; unset means bedrock.', { max: labelLength })),
});

const spec = record(
  'spec is the policy as it should be.',
  {
    targetRefs: list('targetRefs are what the policy applies to.', targetRef, { max: 16, min: 1 }),
    secretRef: record('secretRef is the Secret, in the namespace of the policy.', {
      name: text('name is the Secret.'),
      namespace: Type.Optional(
        text('namespace is ignored: a policy reads Secrets of its own namespace only.', { max: labelLength }),
      ),
    }),
    secretKey: Type.Optional(
      text('secretKey is the key in the Secret; unset means token.', { default: 'token' }),
    ),
    target: choice('target is where the value goes.', ['Header', 'QueryParam', 'ProviderAuth']),
    headerName: Type.Optional(
      text('headerName is the header for target Header.', {
        max: 127,
        rules: [
          {
            rule: "self.matches('^[A-Za-z0-9!#$%&*+.^_|~-]+$')",
            message: 'headerName must be a header name, such as Authorization',
          },
          {
            rule: `!(self.lowerAscii() in [${hopByHop.map((each) => `'${each}'`).join(', ')}])`,
            message: 'headerName must not be a header that frames or routes the request',
          },
        ],
      }),
    ),
    headerValuePrefix: Type.Optional(
      text(
        'headerValuePrefix is put before the value, such as "Bearer "; unset means the Secret holds all of it.',
        { max: 63, pattern: '^[ -~]+$' },
      ),
    ),
    queryParamName: Type.Optional(
      text('queryParamName is the parameter for target QueryParam.', {
        max: 127,
        pattern: '^[A-Za-z0-9._~-]+$',
      }),
    ),
    providerAuth: Type.Optional(providerAuth),
  },
  {
    rules: [
      {
        rule: "(self.target == 'Header') == has(self.headerName) && (self.target == 'QueryParam') == has(self.queryParamName) && (self.target == 'ProviderAuth') == has(self.providerAuth)",
        message: 'set exactly the field of the target: headerName, queryParamName or providerAuth',
      },
      {
        rule: "!has(self.headerValuePrefix) || self.target == 'Header'",
        message: 'headerValuePrefix is for target Header only',
      },
    ],
  },
);

const status = statusOf({
  ancestors: Type.Optional(
    list(
      'ancestors say for each target whether the policy applies.',
      record('PolicyAncestorStatus is the state at one target.', {
        ancestorRef: record('ancestorRef is the target.', {
          group: Type.Optional(text('group is its API group.')),
          kind: Type.Optional(text('kind is its kind.', { max: labelLength })),
          namespace: Type.Optional(text('namespace is its namespace.', { max: labelLength })),
          name: text('name is its name.'),
          sectionName: Type.Optional(text('sectionName is one Backend of it.')),
        }),
        controllerName: Type.Optional(text('controllerName is who wrote this.')),
        conditions: Type.Optional(conditions()),
      }),
      { max: 16 },
    ),
  ),
});

export type CredentialInjectionPolicySpec = Static<typeof spec>;
export type CredentialInjectionPolicyStatus = Static<typeof status>;
export type CredentialInjectionPolicy = Resource<
  CredentialInjectionPolicySpec,
  CredentialInjectionPolicyStatus
>;

export const credentialInjectionPolicy: KindDefinition = {
  kind: 'CredentialInjectionPolicy',
  plural: 'credentialinjectionpolicies',
  shortName: 'cip',
  description:
    'CredentialInjectionPolicy puts a Secret into calls at the gateway, so that agents never hold it.',
  spec,
  status,
  columns: [
    { name: 'Target', type: 'string', jsonPath: '.spec.target' },
    conditionColumn('Status', 'Ready'),
    ageColumn,
  ],
};

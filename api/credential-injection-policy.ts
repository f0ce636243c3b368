/** CredentialInjectionPolicy: which Secret the gateway puts into which calls, so that agents never hold it. */
import { Type, type Static } from 'typebox';
import { choice, labelLength, record, text } from './field.ts';
import { policyStatus, policyTargetRef, policyTargetRefs } from './policy-target.ts';
import { columns, type KindDefinition, type Resource } from './resource.ts';
import { framingHeaders, headerNameRules, notAmong } from './rule.ts';

const targetRef = policyTargetRef(['AIProviderRoute', 'MCPRoute', 'EgressHTTPRoute', 'EgressGateway'], {
  description: 'sectionName is one Backend of an AIProviderRoute; unset means the whole object.',
  rule: "!has(self.sectionName) || self.kind == 'AIProviderRoute'",
  message: 'sectionName names a Backend and is allowed for AIProviderRoute only',
});

const providerAuth = record(
  'providerAuth signs calls for target ProviderAuth with access_key_id, secret_access_key and, where there is one, session_token of the Secret; a signed body has at most 32 MiB.',
  {
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
    service: Type.Optional(
      text('service is the name AWS signs by, such as s3; unset means bedrock.', { max: labelLength }),
    ),
  },
);

const spec = record(
  'spec is the policy as it should be.',
  {
    targetRefs: policyTargetRefs(targetRef),
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
          ...headerNameRules('headerName'),
          {
            rule: notAmong(framingHeaders),
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

const status = policyStatus();

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
  columns: columns(
    [{ name: 'Target', type: 'string', jsonPath: '.spec.target' }],
    [
      { name: 'Secret', type: 'string', jsonPath: '.spec.secretRef.name' },
      { name: 'Applies To', type: 'string', jsonPath: '.spec.targetRefs[*].name' },
    ],
  ),
};

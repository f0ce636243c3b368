/** CredentialInjectionPolicy: which Secret the gateway puts into which calls, so that agents never hold it. */
import { Type, type Static } from 'typebox';
import { choice, labelLength, list, record, text } from './field.ts';
import { policyStatus, policyTargetRef, policyTargetRefs } from './policy-target.ts';
import { columns, type KindDefinition, type Resource } from './resource.ts';
import { framingHeaders, headerNameRules, notAmong } from './rule.ts';

const targetRef = policyTargetRef(['AIProviderRoute', 'MCPRoute', 'EgressHTTPRoute', 'EgressGateway'], {
  description: 'sectionName is one Backend of an AIProviderRoute or MCPRoute; unset means the whole object.',
  rule: "!has(self.sectionName) || self.kind in ['AIProviderRoute', 'MCPRoute']",
  message: 'sectionName names a Backend and is allowed for AIProviderRoute and MCPRoute only',
});

function tokenUrl(description: string) {
  return text(description, {
    max: 512,
    pattern: '^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-"$-~]*)?$',
  });
}

function scopes(description: string) {
  return list(description, text('One scope.', { max: 256, pattern: '^[!#-\\[\\]-~]+$' }), {
    max: 32,
    min: 1,
  });
}

const providerAuth = record(
  'providerAuth is how a provider knows its callers, for target ProviderAuth: AWSv4 signs calls with access_key_id, secret_access_key and, where there is one, session_token of the Secret (a signed body has at most 32 MiB); GCPServiceAccount sends an access token of the service account whose JSON key file is at secretKey.',
  {
    type: choice('type is AWSv4 or GCPServiceAccount.', ['AWSv4', 'GCPServiceAccount']),
    region: Type.Optional(
      text('region is the AWS region; unset means that of the host.', { max: labelLength }),
    ),
    service: Type.Optional(
      text('service is the name AWS signs by, such as s3; unset means bedrock.', { max: labelLength }),
    ),
    scopes: Type.Optional(
      scopes('scopes are what the token is for; unset means https://www.googleapis.com/auth/cloud-platform.'),
    ),
    tokenURL: Type.Optional(
      tokenUrl('tokenURL is where the token is asked for; unset means https://oauth2.googleapis.com/token.'),
    ),
  },
  {
    rules: [
      {
        rule: "self.type == 'AWSv4' || (!has(self.region) && !has(self.service))",
        message: 'region and service are for type AWSv4',
      },
      {
        rule: "self.type == 'GCPServiceAccount' || (!has(self.scopes) && !has(self.tokenURL))",
        message: 'scopes and tokenURL are for type GCPServiceAccount',
      },
    ],
  },
);

const oauth2 = record(
  'oauth2 is how the gateway gets an access token for target OAuth2, with client_id, client_secret and, for the grant RefreshToken, refresh_token of the Secret. It keeps the token, renews it ahead of its end, and sends no call without it.',
  {
    grant: choice('grant is ClientCredentials or RefreshToken.', ['ClientCredentials', 'RefreshToken']),
    tokenURL: tokenUrl(
      'tokenURL is the token endpoint; its certificate is verified, and no redirect is followed.',
    ),
    scopes: Type.Optional(
      scopes('scopes are what the token is for; unset means what the server gives by itself.'),
    ),
    audience: Type.Optional(
      text('audience is sent as the parameter of that name; unset means none is.', {
        max: 512,
        pattern: '^[!-~]+$',
      }),
    ),
    clientAuthentication: Type.Optional(
      choice(
        'clientAuthentication is where client_id and client_secret go: Header (HTTP Basic) or Body; unset means Header.',
        ['Header', 'Body'],
      ),
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
    target: choice(
      'target is where the value goes: Header, QueryParam, ProviderAuth, Basic (Authorization: Basic of the keys username and password of the Secret) or OAuth2 (Authorization: Bearer with a token asked for).',
      ['Header', 'QueryParam', 'ProviderAuth', 'Basic', 'OAuth2'],
    ),
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
    oauth2: Type.Optional(oauth2),
  },
  {
    rules: [
      {
        rule: "(self.target == 'Header') == has(self.headerName) && (self.target == 'QueryParam') == has(self.queryParamName) && (self.target == 'ProviderAuth') == has(self.providerAuth) && (self.target == 'OAuth2') == has(self.oauth2)",
        message: 'set exactly the field of the target: headerName, queryParamName, providerAuth or oauth2',
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

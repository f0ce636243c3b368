/**
 * CredentialInjectionPolicies and their Secrets to what the gateway puts on a request. A policy whose Secret is
 * missing or unusable compiles to `Broken`, which refuses the call: a request never leaves unauthenticated because
 * of our fault. Reasons never contain a byte of the Secret.
 */
import type { CredentialInjection, GatewayCredential, SecretSource } from '../../contract/index.ts';
import {
  kinds,
  type AIProviderRoute,
  type CredentialInjectionPolicy,
  type EgressGateway,
  type EgressHTTPRoute,
  type MCPRoute,
  type Secret,
} from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { byAge, isLive } from './order.ts';
import { secretText } from './secret-value.ts';
import { oauth2Injection, serviceAccountInjection } from './token-injection.ts';

type Spec = CredentialInjectionPolicy['spec'];
type TargetRef = Spec['targetRefs'][number];

// RFC 9110 5.5: no CR, LF, NUL or other control characters in a field value.
const usableValue = /^[\x20-\x7e\x80-\xff]+$/;

/** What goes into the header fields of a signature. */
const usableKey = /^[\x21-\x2b\x2d-\x7e]+$/;

export function compileInjection(world: World, policy: CredentialInjectionPolicy): CredentialInjection {
  const { spec, metadata } = policy;
  const secret = world.get(kinds.secret, metadata.namespace, spec.secretRef.name);
  if (secret === undefined) return broken('SecretNotFound');
  switch (spec.target) {
    case 'ProviderAuth':
      return spec.providerAuth?.type === 'GCPServiceAccount'
        ? serviceAccountInjection(spec, secret)
        : awsInjection(spec, secret);
    case 'OAuth2':
      return oauth2Injection(spec, secret);
    case 'Basic':
      return basicInjection(secret);
    case 'Header':
    case 'QueryParam':
      return valueInjection(spec, secret);
    default:
      return spec.target satisfies never;
  }
}

function broken(reason: string): CredentialInjection {
  return { type: 'Broken', reason };
}

function valueInjection(spec: Spec, secret: Secret): CredentialInjection {
  const text = secretText(secret, spec.secretKey ?? 'token');
  if (text === undefined) return broken('SecretKeyNotFound');
  // Editors end files with a newline; it is never part of a key and never legal in a header.
  const value = (spec.headerValuePrefix ?? '') + text.replace(/\r?\n$/, '');
  if (!usableValue.test(value)) return broken('SecretValueInvalid');
  if (spec.target === 'Header' && spec.headerName !== undefined) {
    return { type: 'Header', name: spec.headerName.toLowerCase(), value };
  }
  if (spec.target === 'QueryParam' && spec.queryParamName !== undefined) {
    return { type: 'QueryParam', name: spec.queryParamName, value: text.replace(/\r?\n$/, '') };
  }
  return broken('PolicyInvalid');
}

/** RFC 7617: an id with a colon would end there; a password may hold one. */
function basicInjection(secret: Secret): CredentialInjection {
  const [username, password] = ['username', 'password'].map((key) =>
    secretText(secret, key)?.replace(/\r?\n$/, ''),
  );
  if (username === undefined || password === undefined) return broken('SecretKeyNotFound');
  const isSound = [username, password].every((text) => /^[^\u0000-\u001f\u007f]*$/.test(text));
  if (!isSound || username.includes(':') || password === '') return broken('SecretValueInvalid');
  const pair = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
  return { type: 'Header', name: 'authorization', value: `Basic ${pair}` };
}

function awsInjection({ providerAuth }: Spec, secret: Secret): CredentialInjection {
  if (providerAuth?.type !== 'AWSv4') return broken('PolicyInvalid');
  const [accessKeyId, secretAccessKey, sessionToken] = ['access_key_id', 'secret_access_key', 'session_token']
    .map((key) => secretText(secret, key)?.trim())
    // A key that is there and empty is one nobody filled in.
    .map((text) => (text === '' ? undefined : text));
  if (accessKeyId === undefined || secretAccessKey === undefined) return broken('SecretKeyNotFound');
  const sent = sessionToken === undefined ? [accessKeyId] : [accessKeyId, sessionToken];
  if (!sent.every((text) => usableKey.test(text))) return broken('SecretValueInvalid');
  const { region, service } = providerAuth;
  return {
    type: 'AWSv4',
    keys: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    ...(service === undefined ? {} : { service }),
    ...(region === undefined ? {} : { region }),
  };
}

/** The credentials that concern this gateway: those that target it, or a route attached to it. */
export function compileCredentials(
  world: World,
  gateway: EgressGateway,
  routes: ReadonlyArray<AIProviderRoute | MCPRoute | EgressHTTPRoute>,
): GatewayCredential[] {
  const targets = [{ kind: 'EgressGateway', metadata: gateway.metadata }, ...routes];
  const targeted = ({ spec, metadata: { namespace } }: CredentialInjectionPolicy): readonly TargetRef[] =>
    spec.targetRefs.filter((ref) =>
      targets.some(
        ({ kind, metadata }) =>
          metadata.name === ref.name && metadata.namespace === namespace && kind === ref.kind,
      ),
    );
  const policies = world
    .list(kinds.credentialInjectionPolicy)
    .filter((policy) => targeted(policy).length > 0 && isLive(policy));
  return byAge(policies).flatMap((policy) => targeted(policy).map((ref) => credential(world, policy, ref)));
}

function credential(world: World, policy: CredentialInjectionPolicy, ref: TargetRef): GatewayCredential {
  const { namespace, name } = policy.metadata;
  return {
    policy: { namespace, name },
    target: {
      kind: ref.kind,
      namespace,
      name: ref.name,
      ...(ref.sectionName === undefined ? {} : { sectionName: ref.sectionName }),
    },
    inject: compileInjection(world, policy),
    source: sourceOf(policy),
  };
}

function sourceOf({ spec, metadata }: CredentialInjectionPolicy): SecretSource {
  return { namespace: metadata.namespace, name: spec.secretRef.name, key: secretKeysOf(spec)[0] };
}

/** The keys of the Secret that a policy needs; the first one says whose it is. */
export function secretKeysOf({
  target,
  providerAuth,
  oauth2,
  secretKey = 'token',
}: Spec): readonly [string, ...string[]] {
  if (target === 'Basic') return ['password', 'username'];
  if (target === 'OAuth2') {
    return oauth2?.grant === 'RefreshToken' ? ['refresh_token', 'client_id'] : ['client_secret', 'client_id'];
  }
  return providerAuth?.type === 'AWSv4' ? ['access_key_id', 'secret_access_key'] : [secretKey];
}

/** A token that cannot be asked for, or that goes to hosts it is not for. */
import { readTokenEndpoint } from '../../decision/index.ts';
import { hostsOfTarget } from '../credential-host.ts';
import type { Found, Rule } from '../rule.ts';
import type { CredentialItem } from '../topology.ts';
import type { World } from '../world.ts';

/** Whose services take access tokens of Google. */
const ofGoogle = /(?:^|\.)(?:googleapis\.com|google\.com|pkg\.dev|gcr\.io|run\.app|cloudfunctions\.net)$/;

function* foreignHosts(world: World, policy: CredentialItem): Iterable<Found> {
  for (const [index, target] of policy.spec.targetRefs.entries()) {
    const foreign = hostsOfTarget(world, policy, target).find((host) => !ofGoogle.test(host));
    if (foreign === undefined) continue;
    const message = `an access token of a Google service account goes to "${foreign}"`;
    yield { manifest: policy.manifest, path: ['spec', 'targetRefs', index], message };
  }
}

function* unusable({ manifest, spec }: CredentialItem): Iterable<Found> {
  for (const field of ['oauth2', 'providerAuth'] as const) {
    const tokenURL = spec[field]?.tokenURL;
    if (tokenURL === undefined || readTokenEndpoint(tokenURL) !== undefined) continue;
    const message = `"${tokenURL}" is no https:// URL of a named host: its calls are refused (502)`;
    yield { manifest, path: ['spec', field, 'tokenURL'], message };
  }
}

/** Its tokens are Google's. */
function isOfGoogle({ spec: { providerAuth } }: CredentialItem): boolean {
  return providerAuth?.type === 'GCPServiceAccount' && providerAuth.tokenURL === undefined;
}

export const tokenEndpointUnfit: Rule = {
  id: 'token-endpoint-unfit',
  severity: 'error',
  title: 'A token that cannot be asked for, or that goes to hosts it is not for',
  why: 'The gateway sends the client\u2019s secret to tokenURL over TLS, by name. With an address or a port that is none no token comes, and each call is refused. Whoever gets an access token of Google may use it for all that its scopes allow.',
  fix: 'Write tokenURL as https:// and a name that has a certificate; put a service account\u2019s token on hosts of Google alone, or set providerAuth.tokenURL to the endpoint of whose tokens they take.',
  *check(world) {
    for (const policy of world.own('CredentialInjectionPolicy')) {
      yield* unusable(policy);
      if (isOfGoogle(policy)) yield* foreignHosts(world, policy);
    }
  },
};

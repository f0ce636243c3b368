/** A signature that AWS would not take, or that cannot be made. */
import { parseHostname } from '../../contract/index.ts';
import { awsRegionOf } from '../../decision/index.ts';
import { hostsOfTarget } from '../credential-host.ts';
import type { Rule } from '../rule.ts';

const ofAws = /\.(?:amazonaws\.com|amazonaws\.com\.cn|api\.aws)$/;

/** `host`: without a wildcard. */
function problemOf(
  host: string,
  { region, service }: { readonly region?: string; readonly service?: string },
): string | undefined {
  const name = parseHostname(host);
  if (name === undefined) return undefined;
  if (region === undefined && awsRegionOf(name) === undefined) {
    return `"${host}" names no AWS region and providerAuth.region is not set: its calls are refused (502)`;
  }
  return service === undefined && ofAws.test(host) && !host.includes('bedrock')
    ? `calls to "${host}" are signed for the service bedrock`
    : undefined;
}

export const awsSignatureUnfit: Rule = {
  id: 'aws-signature-unfit',
  severity: 'error',
  title: 'A signature that cannot be made, or that AWS does not take',
  why: 'A signature is about one region and one service. Without a region the gateway refuses each call; with another service than the host’s, AWS does.',
  fix: 'Set providerAuth.region where the host does not name it, and providerAuth.service where it is not Bedrock.',
  *check(world) {
    for (const policy of world.own('CredentialInjectionPolicy')) {
      const { providerAuth, targetRefs } = policy.spec;
      if (providerAuth?.type !== 'AWSv4') continue;
      for (const [index, target] of targetRefs.entries()) {
        const hosts = hostsOfTarget(world, policy, target).filter((host) => !host.includes('*'));
        const message = hosts.map((host) => problemOf(host, providerAuth)).find((each) => each !== undefined);
        if (message === undefined) continue;
        yield { manifest: policy.manifest, path: ['spec', 'targetRefs', index], message };
      }
    }
  },
};

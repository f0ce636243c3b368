import { expect, test } from 'vitest';
import type { DestinationPolicy } from '../../contract/index.ts';
import { judgeAnswers, judgeOwnAnswers } from '../../decision/index.ts';

const policy: DestinationPolicy = {
  defaultPolicy: 'deny-all',
  rules: [{ route: 'EgressL4Route/d/db', hostnames: [], cidrs: ['10.1.0.0/16'], ports: [], protocol: 'TCP' }],
  platformCidrs: ['198.51.100.0/25'],
};

function judge(
  answers: string[],
  pinned?: string[],
  defaultPolicy: 'deny-all' | 'allow-all' = 'deny-all',
): string {
  const verdict = judgeAnswers(
    { ...policy, defaultPolicy },
    { agentId: 'TaskAgent/d/a', port: 443, pinned },
    answers,
  );
  return verdict.kind === 'addresses' ? verdict.addresses.join() : verdict.reason;
}

test.each([
  ['public', ['93.184.216.34'], undefined, '93.184.216.34'],
  ['S26: private', ['192.168.1.1'], undefined, 'private'],
  ['private, named by a CIDR rule', ['10.1.2.3'], undefined, '10.1.2.3'],
  ['private, pinned by the owner', ['192.168.1.1'], ['192.168.1.1'], '192.168.1.1'],
  ['S26: loopback, even pinned', ['127.0.0.1'], ['127.0.0.1'], 'loopback'],
  ['S25: metadata, even pinned', ['169.254.169.254'], ['169.254.169.254'], 'link_local'],
  ['S26: the platform, even pinned', ['198.51.100.7'], ['198.51.100.7'], 'platform'],
  ['S9: public and private mixed', ['93.184.216.34', '10.9.9.9'], undefined, 'private'],
  ['S3: IPv4-mapped loopback', ['::ffff:127.0.0.1'], undefined, 'loopback'],
  ['S3: NAT64 metadata', ['64:ff9b::a9fe:a9fe'], undefined, 'link_local'],
])('%s', (_name, answers, pinned, expected) => {
  expect(judge(answers, pinned)).toBe(expected);
});

test.each([
  ['private, named by a CIDR rule', ['10.1.2.3'], 'addresses'],
  ['S26: private, that nobody named', ['192.168.1.1'], 'private'],
  ['public', ['93.184.216.34'], 'protocol'],
  ['S9: one of two public', ['10.1.2.3', '93.184.216.34'], 'protocol'],
])('without TLS: %s', (_name, answers, expected) => {
  const request = { agentId: 'TaskAgent/d/a', port: 443, pinned: undefined, plain: true as const };
  const verdict = judgeAnswers(policy, request, answers);
  expect(verdict.kind === 'addresses' ? verdict.kind : verdict.reason).toBe(expected);
});

test('S26: allow-all opens no private address', () => {
  expect(judge(['192.168.1.1'], undefined, 'allow-all')).toBe('private');
});

test.each([
  ['private, named by the gateway’s owner', ['192.168.1.1'], true, 'addresses'],
  ['S26: private, named by somebody else', ['192.168.1.1'], false, 'refused'],
  ['S26: private for somebody else, whatever a CIDR rule opens to agents', ['10.1.2.3'], false, 'refused'],
  ['public, named by somebody else', ['93.184.216.34'], false, 'addresses'],
  ['S26: the platform, named by the owner', ['198.51.100.7'], true, 'refused'],
  ['S9: one of two, named by somebody else', ['93.184.216.34', '10.9.9.9'], false, 'refused'],
])('the gateway itself: %s', (_name, answers, mayBePrivate, expected) => {
  expect(judgeOwnAnswers(policy, answers, mayBePrivate).kind).toBe(expected);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decideDestination,
  judgeAddress,
  type Destination,
  type DestinationPolicy,
  type DestinationRule,
} from '../../contract/destination-policy.ts';
import { parseHostname, type Hostname } from '../../contract/hostname.ts';

const agent = 'TaskAgent/default/hello';

function rule(part: Partial<DestinationRule>): DestinationRule {
  return { route: 'EgressL4Route/default/r', hostnames: [], cidrs: [], ports: [], protocol: 'TCP', ...part };
}

function policy(rules: readonly DestinationRule[], part: Partial<DestinationPolicy> = {}): DestinationPolicy {
  return { defaultPolicy: 'deny-all', rules, platformCidrs: ['198.51.100.0/24'], ...part };
}

function name(text: string): Hostname {
  const parsed = parseHostname(text);
  if (parsed === undefined) throw new Error(`not a name: ${text}`);
  return parsed;
}

function ask(asked: DestinationPolicy, destination: Omit<Destination, 'agent'>): string {
  const verdict = decideDestination(asked, { agent, ...destination });
  return verdict.open ? `open by ${verdict.rule?.route ?? 'default'}` : verdict.reason;
}

const openai = rule({
  route: 'AIProviderRoute/default/openai',
  hostnames: ['api.openai.com'],
  ports: [{ start: 443, end: 443 }],
});
const office = rule({
  route: 'EgressL4Route/default/office',
  cidrs: ['10.1.0.0/16', '203.0.113.7'],
  ports: [{ start: 5432, end: 5433 }],
});

describe('decideDestination', () => {
  const both = policy([openai, office]);

  test.each([
    [
      'the named host on its port',
      { hostname: name('api.openai.com'), port: 443 },
      'open by AIProviderRoute/default/openai',
    ],
    [
      'the named host, port not known yet (DNS)',
      { hostname: name('api.openai.com') },
      'open by AIProviderRoute/default/openai',
    ],
    ['the named host on another port', { hostname: name('api.openai.com'), port: 80 }, 'policy'],
    ['another host', { hostname: name('evil.com'), port: 443 }, 'policy'],
    ['a longer name', { hostname: name('api.openai.com.evil.com'), port: 443 }, 'policy'],
    ['a named private range', { ip: '10.1.2.3', port: 5432 }, 'open by EgressL4Route/default/office'],
    ['the end of a port range', { ip: '10.1.2.3', port: 5433 }, 'open by EgressL4Route/default/office'],
    ['past a port range', { ip: '10.1.2.3', port: 5434 }, 'private'],
    ['a private address nobody named', { ip: '10.2.0.1', port: 5432 }, 'private'],
    ['a named public address', { ip: '203.0.113.7', port: 5432 }, 'open by EgressL4Route/default/office'],
    ['not an address', { ip: '127.1', port: 5432 }, 'protocol'],
  ])('%s', (_, destination, expected) => {
    expect(ask(both, destination)).toBe(expected);
  });

  test.each(['1.1.1.1', '8.8.8.8'])('S2: the IP literal %s is denied unless an IP rule names it', (ip) => {
    expect(ask(both, { ip, port: 443 })).toBe('ip_literal');
    expect(ask(policy([rule({ cidrs: [`${ip}/32`] })]), { ip, port: 443 })).toMatch(/^open/);
  });

  test.each([
    ['169.254.169.254', 'link_local'],
    ['127.0.0.1', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['100.100.100.200', 'metadata'],
    ['198.18.0.5', 'reserved'],
    ['::ffff:169.254.169.254', 'link_local'],
  ])('S25 S26: %s stays closed though a rule and the default open everything', (ip, reason) => {
    const everything = policy([rule({ cidrs: ['0.0.0.0/0', '::/0', ip] })], { defaultPolicy: 'allow-all' });
    expect(ask(everything, { ip, port: 80 })).toBe(reason);
  });

  test('S51: the platform itself stays closed though a rule names it', () => {
    expect(ask(policy([rule({ cidrs: ['198.51.100.0/24'] })]), { ip: '198.51.100.7', port: 4222 })).toBe(
      'platform',
    );
  });

  test('S51: a platform range that does not parse closes every address', () => {
    const broken = policy([rule({ cidrs: ['1.1.1.1'] })], { platformCidrs: ['10.0.0/8'] });
    expect(ask(broken, { ip: '1.1.1.1', port: 443 })).toBe('platform');
  });

  test('S26: allow-all opens public destinations and no private one', () => {
    const open = policy([], { defaultPolicy: 'allow-all' });
    expect(ask(open, { hostname: name('example.com'), port: 443 })).toBe('open by default');
    expect(ask(open, { ip: '8.8.8.8', port: 53 })).toBe('open by default');
    expect(ask(open, { ip: '192.168.0.1', port: 80 })).toBe('private');
  });

  test('S26: a rule by name does not open a private address that came with the name', () => {
    const named = policy([rule({ hostnames: ['rebind.example.com'] })]);
    expect(ask(named, { hostname: name('rebind.example.com'), ip: '10.0.0.1', port: 443 })).toBe('private');
  });

  test.each(['*', '*.com', '**.example.com', 'EXAMPLE.COM\0', ''])(
    'S21: the bad pattern %j opens nothing',
    (pattern) => {
      expect(
        ask(policy([rule({ hostnames: [pattern] })]), { hostname: name('example.com'), port: 443 }),
      ).toBe('policy');
      expect(ask(policy([rule({ hostnames: [pattern] })]), { hostname: name('a.com'), port: 443 })).toBe(
        'policy',
      );
    },
  );

  test.each(['0.0.0.0/0x0', '1.1.1.1/33', '01.1.1.1', '*'])('S4: the bad CIDR %j opens nothing', (cidr) => {
    expect(ask(policy([rule({ cidrs: [cidr] })]), { ip: '1.1.1.1', port: 443 })).toBe('ip_literal');
  });

  test('a rule without hosts and CIDRs opens nothing', () => {
    expect(ask(policy([rule({})]), { hostname: name('example.com'), port: 443 })).toBe('policy');
  });

  test('a UDP rule opens no TCP destination', () => {
    expect(
      ask(policy([rule({ protocol: 'UDP', hostnames: ['example.com'] })]), { hostname: name('example.com') }),
    ).toBe('policy');
  });

  test('sourceAgents narrows a rule to those agents', () => {
    const other = policy([rule({ hostnames: ['example.com'], sourceAgents: ['TaskAgent/default/other'] })]);
    const mine = policy([rule({ hostnames: ['example.com'], sourceAgents: [agent] })]);
    const nobody = policy([rule({ hostnames: ['example.com'], sourceAgents: [] })]);
    expect(ask(other, { hostname: name('example.com') })).toBe('policy');
    expect(ask(mine, { hostname: name('example.com') })).toMatch(/^open/);
    expect(ask(nobody, { hostname: name('example.com') })).toBe('policy');
  });

  test('the first rule that matches is the one recorded', () => {
    const twice = policy([
      rule({ route: 'a', hostnames: ['*.example.com'] }),
      rule({ route: 'b', hostnames: ['x.example.com'] }),
    ]);
    expect(ask(twice, { hostname: name('x.example.com') })).toBe('open by a');
  });

  test('S2: under deny-all without a rule, no address and no name is ever open', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65535 }), (ip, port) => {
        expect(decideDestination(policy([]), { agent, ip, port }).open).toBe(false);
      }),
    );
  });
});

describe('judgeAddress', () => {
  test.each([
    ['8.8.8.8', false, undefined],
    ['10.0.0.1', false, 'private'],
    ['10.0.0.1', true, undefined],
    ['127.0.0.1', true, 'loopback'],
    ['198.51.100.1', true, 'platform'],
    ['nonsense', true, 'protocol'],
  ])('S9: a resolved address %s (named by CIDR: %s): %s', (ip, namedByCidr, expected) => {
    expect(judgeAddress(policy([]), ip, namedByCidr)).toBe(expected);
  });
});

import { describe, expect, test } from 'vitest';
import {
  parseHostname,
  type DestinationRule,
  type Hostname,
  type PoolGateway,
} from '../../../contract/index.ts';
import { SyntheticAddresses } from '../../../worker/dns/synthetic-address.ts';
import { decideConnection, decideName } from '../../../worker/egress/egress-decision.ts';

const host = (text: string): Hostname => parseHostname(text) as Hostname;
const rule = (more: Partial<DestinationRule>): DestinationRule => ({
  route: 'EgressL4Route/a/b',
  hostnames: [],
  cidrs: [],
  ports: [],
  protocol: 'TCP',
  ...more,
});
const gateway = (id: string, ...rules: DestinationRule[]): PoolGateway => ({
  id,
  destinations: {
    defaultPolicy: 'deny-all',
    rules: rules.map((each) => ({
      ...each,
      hostnames: [...each.hostnames],
      cidrs: [...each.cidrs],
      ports: [...each.ports],
    })) as PoolGateway['destinations']['rules'],
    platformCidrs: ['198.51.100.0/24'],
  },
});

const agent = 'TaskAgent/a/x';
const first = gateway('a/first', rule({ hostnames: ['api.example.com'], ports: [{ start: 443, end: 443 }] }));
const second = gateway(
  'a/second',
  rule({ hostnames: ['api.example.com', '*.example.net'] }),
  rule({ cidrs: ['203.0.113.0/24', '10.1.0.0/16', '198.51.100.0/24'] }),
);

describe('decideConnection', () => {
  test.each([
    ['api.example.com', '198.18.1.0', 443, 'a/first'],
    ['api.example.com', '198.18.1.0', 80, 'a/second'],
    ['www.example.net', '198.18.1.1', 22, 'a/second'],
    ['example.net', '198.18.1.2', 443, 'policy'],
    [undefined, '203.0.113.5', 1, 'a/second'],
    [undefined, '10.1.2.3', 80, 'a/second'],
    [undefined, '10.2.0.1', 80, 'private'],
    [undefined, '198.51.100.9', 80, 'platform'],
    [undefined, '198.18.1.0', 443, 'reserved'],
    [undefined, '169.254.169.254', 8080, 'link_local'],
    [undefined, '8.8.8.8', 443, 'ip_literal'],
  ] as const)('%s %s:%i → %s', (hostname, ip, port, expected) => {
    const verdict = decideConnection([first, second], agent, {
      hostname: hostname === undefined ? undefined : host(hostname),
      ip,
      port,
    });
    expect(verdict.open ? verdict.gateway.id : verdict.reason).toBe(expected);
  });

  test('S11: without gateways nothing is open', () => {
    expect(decideConnection([], agent, { hostname: undefined, ip: '203.0.113.5', port: 443 })).toEqual({
      open: false,
      reason: 'no_gateway',
    });
  });

  test('a rule for other agents does not open', () => {
    const only = gateway(
      'a/only',
      rule({ hostnames: ['api.example.com'], sourceAgents: ['TaskAgent/a/other'] }),
    );
    const dialled = { hostname: host('api.example.com'), ip: '198.18.1.0', port: 443 };
    expect(decideConnection([only], agent, dialled).open).toBe(false);
    expect(decideConnection([only], 'TaskAgent/a/other', dialled).open).toBe(true);
  });
});

describe('decideName', () => {
  const tenant = { agentId: agent, names: new SyntheticAddresses() };

  test('opens a name that some gateway opens on some port', () => {
    expect(decideName([first, second], tenant, host('www.example.net'))).toMatchObject({ open: true });
    expect(decideName([first], tenant, host('www.example.net'))).toEqual({
      open: false,
      reason: 'dns_policy',
    });
    expect(decideName([], tenant, host('api.example.com'))).toEqual({ open: false, reason: 'dns_policy' });
  });
});

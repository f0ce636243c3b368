/** The value classes: what each writes, and what cannot be written with it. */
import { Duration } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { Budget, Cidr, Credential, Identity, Port, Rate, TokenRate, Tools } from '../../constructs/index.ts';
import { durationText } from '../../constructs/duration-text.ts';

describe('values', () => {
  test.each([
    [Budget.perDay(3).spec, { maxTokensPerDay: 3 }],
    [Budget.perDay(3).warnAt(50, 100).spec, { maxTokensPerDay: 3, warnAt: [50, 100] }],
    [
      Budget.perRequest(1).perExecution(2).perDay(3).sharedAs('team').spec,
      { maxOutputTokensPerRequest: 1, maxTokensPerExecution: 2, maxTokensPerDay: 3, budgetRef: 'team' },
    ],
    [Budget.perExecution(9).perExecution(2).spec, { maxTokensPerExecution: 2 }],
    [Port.tcp(1).spec, { port: 1 }],
    [Port.tcpRange(1, 2).spec, { startPort: 1, endPort: 2 }],
    [Port.tcpRange(2, 2).spec, { port: 2 }],
    [String(Cidr.of('10.0.0.0/8')), '10.0.0.0/8'],
    [Cidr.address('192.0.2.1').text, '192.0.2.1/32'],
    [Cidr.address('2001:db8::1').text, '2001:db8::1/128'],
    [Tools.deny('a').deny('b', 'c').spec, { deniedTools: ['a', 'b', 'c'] }],
    [
      Tools.allow('a').limit(Rate.perHour(2)).spec,
      { allowedTools: ['a'], rateLimits: [{ requests: 2, window: '3600s' }] },
    ],
    [
      Budget.costPerDay('25.00').costPerExecution('0.5').spec,
      { maxCostPerDay: '25.00', maxCostPerExecution: '0.5' },
    ],
    [Rate.per(3, Duration.seconds(2)).counted('PerRoute').scope, 'PerRoute'],
    [
      Tools.allow('a').where('has(arguments.x)', 'a').unless('arguments.y').spec,
      {
        allowedTools: ['a'],
        argumentRules: [
          { tools: ['a'], action: 'Allow', expression: 'has(arguments.x)' },
          { action: 'Deny', expression: 'arguments.y' },
        ],
      },
    ],
    [TokenRate.perMinute(9).counted('PerGateway').scope, 'PerGateway'],
    [TokenRate.perHour(9).tokens, 9],
    [durationText(Duration.millis(1_500)), '1500ms'],
    [durationText(Duration.days(1)), '86400s'],
  ])('%# is written as %j', (written, expected) => {
    expect(written).toEqual(expected);
  });

  test('a value that is extended stays what it was', () => {
    const base = Tools.allow('a');
    base.deny('b').atMost(1).confirm('c');
    const budget = Budget.perDay(1);
    budget.perRequest(2);
    expect([base.spec, budget.spec]).toEqual([{ allowedTools: ['a'] }, { maxTokensPerDay: 1 }]);
  });

  test.each<[string, () => unknown]>([
    ['whole number of tokens', () => Budget.perDay(0)],
    ['whole number of tokens', () => Budget.perDay(1.5)],
    ['whole number of tokens', () => Budget.perRequest(Number.NaN)],
    ['in US dollars', () => Budget.costPerDay('$5')],
    ['in US dollars', () => Budget.costPerExecution('0.0')],
    ['whole number of tokens', () => TokenRate.perMinute(0)],
    ['window of a rate', () => TokenRate.per(1, Duration.millis(0))],
    ['not for a gateway', () => Tools.allow('a').limit(Rate.perHour(1).counted('PerGateway'))],
    ['percent from 1 to 100', () => Budget.perDay(1).warnAt(0)],
    ['at most 5 thresholds', () => Budget.perDay(1).warnAt(1, 2, 3, 4, 5, 6)],
    ['1 to 1024 characters', () => Tools.allow('a').where('')],
    ['needs a name', () => Budget.perDay(1).sharedAs('')],
    ['port 0', () => Port.tcp(0)],
    ['port 65536', () => Port.tcpRange(1, 65_536)],
    ['is empty', () => Port.tcpRange(9, 8)],
    ['is not a CIDR', () => Cidr.of('10.0.0.0')],
    ['never open', () => Cidr.address('169.254.169.254')],
    ['is not an IP address', () => Cidr.address('example.com')],
    ['name at least one tool', () => Tools.allow()],
    ['name at least one tool', () => Tools.deny('')],
    ['calls are a whole number', () => Tools.allow('a').atMost(0)],
    ['a rate is a whole number', () => Rate.perSecond(0)],
    ['window of a rate', () => Rate.per(1, Duration.millis(0))],
    ['window of a rate', () => Rate.per(1, Duration.hours(25))],
    ['is not a header name', () => Credential.header('a b', { name: 's' })],
    ['frames or routes', () => Credential.header('Host', { name: 's' })],
    ['printable ASCII', () => Credential.header('A', { name: 's' }, { prefix: 'a\r\n' })],
    ['name of a query parameter', () => Credential.query('a&b', { name: 's' })],
    ['1 to 63 characters', () => Identity.jwt('', 'sub')],
  ])('what cannot work is refused: %s', (message, make) => {
    expect(make).toThrow(message);
  });
});

/** What no route opens waits for a person, carries no key, and is nothing else than calls to public places. */
import { describe, expect, test } from 'vitest';
import {
  decideConnection,
  decideDestination,
  type GatewayConfig,
  type Hostname,
} from '../../contract/index.ts';
import { judgeAnswers, PolicyIndex, SitePlans, type Call, type Decision } from '../../decision/index.ts';
import { ask, call, naming, render, site } from './asking.ts';
import { routedConfig, ruleOf } from './routed-config.ts';

const config = (change: Partial<GatewayConfig['destinations']> = {}): GatewayConfig =>
  routedConfig({ defaultPolicy: 'deny-all', asksUnlisted: true, ...change });

const get = call({ method: 'GET', path: '/a', body: { kind: 'none' } });
const literal = (ip: string) => site('', { hostname: undefined, ip });
const unlisted = site('other.example.com');

test.each([
  ['a host that no route names', unlisted],
  ['another port', site('l4.example.com', { port: 8443 })],
  ['a provider that no route opens', site('api.anthropic.com')],
  ['an address', literal('93.184.216.34')],
])('%s: a person is asked, in the name of the gateway', (_title, where) => {
  const decision = ask(config(), where, get);
  if (decision.kind !== 'ask') throw new Error(render(decision));
  expect(decision.ask.route).toEqual({ kind: 'EgressGateway', namespace: 'default', name: 'main' });
  expect(decision.ask.call).toMatchObject({ host: where.hostname ?? where.ip, port: where.port });
  // S39: nobody wrote that host down, so no key of the gateway's goes there, allowed or not.
  expect(decision.allowed.candidates.map(({ injection }) => injection)).toEqual([undefined]);
  const { asksUnlisted: _none, ...denies } = config().destinations;
  expect(ask({ ...config(), destinations: denies }, where, get)).toMatchObject({ kind: 'refuse' });
});

const answered = (decision: Decision, answer: 'Allow' | 'Deny'): Call['approvals'] =>
  new Map(decision.kind === 'ask' ? [[decision.ask.key, answer]] : []);

test('an answer decides this call, and is about no other host, method or path', () => {
  const first = ask(config(), unlisted, get);
  const say = (answer: 'Allow' | 'Deny', where = unlisted, change: object = {}): string =>
    render(ask(config(), where, { ...get, ...change, approvals: answered(first, answer) }));
  expect(say('Allow')).toBe('allow other.example.com:443');
  expect(say('Deny')).toBe('403 approval');
  expect(say('Allow', site('third.example.com'))).toBe('ask /a');
  expect(say('Allow', unlisted, { path: '/b' })).toBe('ask /b');
  expect(say('Allow', unlisted, { method: 'POST' })).toBe('ask /a');
});

test('S33: an answer is about one reading of the path and one method', () => {
  const allowed = answered(ask(config(), unlisted, get), 'Allow');
  const say = (change: object): string =>
    render(ask(config(), unlisted, { ...get, ...change, approvals: allowed }));
  expect(say({ queryNames: ['page'] })).toBe('allow other.example.com:443');
  expect(say({ queryNames: ['_method'] })).toBe('400 protocol');
  expect(say({ path: '/a/..;/b' })).toBe('400 protocol');
});

describe('what is never asked about', () => {
  test.each([
    ['S25: metadata', literal('169.254.169.254'), 'link_local'],
    ['S26: loopback', literal('127.0.0.1'), 'loopback'],
    ['S26: a private address', literal('10.1.2.3'), 'private'],
    ['S26: the platform', literal('203.0.113.9'), 'platform'],
  ])('%s', (_title, where, reason) => {
    expect(render(ask(config(), where, get))).toBe(`403 ${reason}`);
  });

  test('what an EgressDenyPolicy denies', () => {
    const denials = [{ ...ruleOf('EgressL4Route/default/ban', 'bad.example.com'), policy: 'default/ban' }];
    expect(render(ask(config({ denials }), site('bad.example.com'), get))).toBe('403 deny_policy');
  });

  test('calls that the routes of a host do not take, and what they do take', () => {
    expect(render(ask(config(), site('api.openai.com'), call(naming('o3'))))).toBe('403 model');
    expect(render(ask(config(), site('api.openai.com'), call()))).toBe('allow api.openai.com:443');
    expect(render(ask(config(), site('l4.example.com'), get))).toBe('allow l4.example.com:443');
  });

  test('S9: a name that stands for a private address, although its name might be allowed', () => {
    const { destinations } = config();
    const there = { agentId: 'TaskAgent/default/a', hostname: 'other.example.com' as Hostname, port: 443 };
    const judged = judgeAnswers(destinations, { ...there, pinned: undefined }, ['10.1.2.3']);
    expect(judged).toEqual({ kind: 'refused', reason: 'private' });
  });

  test('bytes that nobody reads', () => {
    const plans = new SitePlans(new PolicyIndex(config()));
    expect(plans.at(unlisted)).toMatchObject({ kind: 'open', relayRefusal: { reason: 'protocol' } });
    expect(plans.at(site('l4.example.com'))).toMatchObject({ kind: 'open', relayRefusal: undefined });
  });
});

test('whoever does not know the word denies', () => {
  const { destinations } = config();
  expect(destinations.defaultPolicy).toBe('deny-all');
  const { asksUnlisted: _unread, ...old } = destinations;
  const there = { agent: 'TaskAgent/default/a', hostname: 'other.example.com' as Hostname, port: 443 };
  expect(decideDestination(old, there).open).toBe(false);
});

test('a gateway that opens a place goes before one that would ask', () => {
  const asking = { id: 'asks', destinations: config().destinations };
  const { asksUnlisted: _none, ...listed } = config({
    rules: [ruleOf('EgressL4Route/default/x', 'x.example.com')],
  }).destinations;
  const through = (hostname: string): string => {
    const dialled = { ip: '198.18.0.1', port: 443, hostname: hostname as Hostname };
    const gateways = [asking, { id: 'lists', destinations: listed }];
    const verdict = decideConnection(gateways, 'TaskAgent/default/a', dialled);
    return verdict.open ? verdict.gateway.id : verdict.reason;
  };
  expect([through('x.example.com'), through('y.example.com')]).toEqual(['lists', 'asks']);
});

/** Names of what the operator makes: too long, no label, or wanted twice. */
import { expect, test } from 'vitest';
import { documents, gateway, judge, object, pool } from '../judge.ts';

const task = (name: string): string =>
  object('TaskAgent', name, '{ workerPoolRef: p, template: { spec: { image: x/y:1 } } }');
const daemon = (name: string): string =>
  object('DaemonAgent', name, '{ workerPoolRef: p, template: { spec: { image: x/y:1 } } }');
const named = (kind: string, name: string): string => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: t }\n`;
const x = (count: number): string => 'x'.repeat(count);
const poolOf = (name: string): string => object('WorkerPool', name, '{ template: { image: x/w:1 } }');
const gatewayOf = (name: string): string =>
  object('EgressGateway', name, '{ listeners: [{ name: all, protocol: TCP }] }');

const told = (...texts: readonly string[]): string[] =>
  judge(documents(...texts)).flatMap(({ rule, object: about }) => (rule.startsWith('derived-') ? [`${rule.slice(13)} ${about}`] : []));

test.each([
  ['clrk- and 58 characters', [pool, task(x(58))], []],
  ['clrk- and 59', [pool, task(x(59))], [`invalid TaskAgent t/${x(59)}`]],
  ['a dot', [pool, task('a.b')], ['invalid TaskAgent t/a.b']],
  ['a DaemonAgent has no Service', [pool, daemon('a.b')], []],
  ['a pool of 55', [poolOf(x(55))], []],
  ['a pool of 56', [poolOf(x(56))], [`invalid WorkerPool t/${x(56)}`]],
  ['a pool that begins with a digit', [poolOf('1st')], ['invalid WorkerPool t/1st']],
  ['an agent that begins with a digit', [pool, task('1st')], []],
  ['a gateway of 51', [gatewayOf(x(51))], []],
  ['a gateway of 52', [gatewayOf(x(52))], [`invalid EgressGateway t/${x(52)}`]],
  ['a TaskAgent and a DaemonAgent', [pool, task('a'), daemon('a')], ['clash DaemonAgent t/a']],
  ['a TaskAgent and a gateway', [pool, task('egress-gw'), gateway], ['clash EgressGateway t/gw']],
  ['a TaskAgent and a pool', [poolOf('clrk-a'), pool, task('a-workers')], ['clash WorkerPool t/clrk-a']],
  ['a Service of somebody', [pool, task('a'), named('Service', 'clrk-a')], ['clash TaskAgent t/a']],
  ['a ConfigMap of that name', [pool, task('a'), named('ConfigMap', 'clrk-a')], []],
  ['the same names in two namespaces', [pool, task('a'), daemon('a').replace('namespace: t', 'namespace: u')], []],
])('%s', (_, texts, expected) => {
  expect(told(...texts)).toEqual(expected);
});

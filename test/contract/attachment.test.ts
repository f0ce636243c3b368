/** Whose routes a listener takes, by the labels of their namespace: what is not known is not taken for having none. */
import { expect, test } from 'vitest';
import { attachParent, type LabelSelector } from '../../contract/index.ts';

const nameLabel = 'kubernetes.io/metadata.name';
const named = (...values: string[]): LabelSelector => ({
  matchExpressions: [{ key: nameLabel, operator: 'In', values }],
});

function attaches(selector: LabelSelector, labels: Readonly<Record<string, string>> | undefined): boolean {
  const allowedRoutes = { namespaces: { from: 'Selector', selector } } as const;
  const gateway = { spec: { listeners: [{ name: 'all', allowedRoutes }] } };
  const lookup = { gateway: () => gateway, namespaceLabels: () => labels };
  const route = { kind: 'MCPRoute', namespace: 'keys' };
  return attachParent(lookup, route, { name: 'out', namespace: 'agents' }).attached;
}

test.each<[string, LabelSelector, Readonly<Record<string, string>> | undefined, boolean]>([
  ['by name, of unknown labels', named('keys', 'team'), undefined, true],
  ['by another name, of unknown labels', named('team'), undefined, false],
  ['by name as a label, of labels that leave it out', { matchLabels: { [nameLabel]: 'keys' } }, {}, true],
  ['by another label, of unknown labels', { matchLabels: { team: 'a' } }, undefined, false],
  [
    'by name and another label, of unknown labels',
    { ...named('keys'), matchLabels: { team: 'a' } },
    undefined,
    false,
  ],
  [
    'by what it must not have, of unknown labels',
    { matchExpressions: [{ key: 'untrusted', operator: 'DoesNotExist' }] },
    undefined,
    false,
  ],
  ['by nothing, of unknown labels', {}, undefined, false],
  ['by a name label that somebody wrote', named('team'), { [nameLabel]: 'team' }, false],
  ['by name and label, of known ones', { ...named('keys'), matchLabels: { team: 'a' } }, { team: 'a' }, true],
])('a namespace selected %s', (_what, selector, labels, expected) => {
  expect(attaches(selector, labels)).toBe(expected);
});

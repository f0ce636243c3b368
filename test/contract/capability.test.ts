/** The table of what is not carried out: which fields of an object it names. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kinds } from '../../api/index.ts';
import { capabilities, notEnforcedOf, renderNotEnforced } from '../../contract/index.ts';

function named(kind: string, object: object): string[] {
  return notEnforcedOf(kind, object).map((each) => renderNotEnforced(each).split(':')[0] ?? '');
}

test.each<[string, string, object, string[]]>([
  ['nothing asked', 'TaskAgent', { spec: { timeout: '5s' } }, []],
  ['a schedule', 'TaskAgent', { spec: { schedule: '@daily', scheduleInput: {} } }, []],
  ['who calls', 'TaskAgent', { spec: { identity: {} } }, []],
  [
    'items of lists, each by its place',
    'TaskAgent',
    { spec: { template: { spec: { env: [{}, { valueFrom: { fieldRef: { apiVersion: 'v2' } } }] } } } },
    ['spec.template.spec.env[1].valueFrom.fieldRef.apiVersion'],
  ],
  ['one of its values', 'Backend', { spec: { type: 'InferencePool' } }, ['spec.type']],
  ['another value', 'Backend', { spec: { type: 'Upstream' } }, []],
  ['an empty list', 'TaskAgent', { spec: { template: { spec: { env: [] } } } }, []],
  [
    'what happens anyway',
    'TaskAgent',
    { spec: { streaming: { enabled: true }, state: { backend: 'sqlite' } } },
    [],
  ],
  ['what does not', 'TaskAgent', { spec: { streaming: { enabled: false } } }, ['spec.streaming.enabled']],
  [
    "the object's own namespace",
    'CredentialInjectionPolicy',
    { metadata: { namespace: 'a' }, spec: { secretRef: { name: 's', namespace: 'a' } } },
    [],
  ],
  [
    'another namespace',
    'CredentialInjectionPolicy',
    { metadata: { namespace: 'a' }, spec: { secretRef: { name: 's', namespace: 'b' } } },
    ['spec.secretRef.namespace'],
  ],
])('%s', (_name, kind, object, expected) => {
  expect(named(kind, object)).toEqual(expected);
});

test('an object of any shape is judged without an error', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds.map(({ kind }) => kind)), fc.anything(), (kind, spec) => {
      expect(notEnforcedOf(kind, { spec }).every(({ path }) => path[0] === 'spec')).toBe(true);
    }),
  );
});

test('every line is a sentence about fields of kinds that exist', () => {
  for (const { fields, message, instead } of capabilities) {
    expect(message).toMatch(/^[a-z].*[^.]$/);
    expect(instead).toMatch(/^[A-Z].*\.$/);
    for (const { kind } of fields) expect(kinds.map((each) => each.kind)).toContain(kind);
  }
});

import { expect, it } from 'vitest';
import { selectLogFiles } from '../../../local/dev/logs.ts';

const files = ['etcd', 'clrk-operator-7b-x', 'clrk-operator-7b-y', 'clrk-ingress-1'].map((component) => ({
  component,
  path: component,
}));

it.each<[string | undefined, number]>([
  [undefined, 4],
  ['etcd', 1],
  ['clrk-operator', 2],
  ['clrk-operator-7b-x', 1],
])('%s selects %i files', (component, count) => {
  expect(selectLogFiles(files, component)).toHaveLength(count);
});

it('says which components there are', () => {
  expect(() => selectLogFiles(files, 'nats')).toThrow(
    expect.objectContaining({
      code: 'COMPONENT_UNKNOWN',
      hint: expect.stringContaining('etcd') as string,
    }) as Error,
  );
});

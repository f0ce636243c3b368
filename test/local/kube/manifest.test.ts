import { expect, it } from 'vitest';
import { parseManifests, sortManifests } from '../../../local/kube/manifest.ts';

it('orders what others need first, and keeps the rest in place', () => {
  const kinds = ['Deployment', 'TaskAgent', 'Secret', 'CustomResourceDefinition', 'Namespace', 'WorkerPool'];
  const sorted = sortManifests(kinds.map((kind) => ({ kind, metadata: { name: 'x' } })));
  expect(sorted.map(({ kind }) => kind)).toEqual([
    'Namespace',
    'CustomResourceDefinition',
    'Secret',
    'Deployment',
    'TaskAgent',
    'WorkerPool',
  ]);
});

it('reads several documents, skips empty ones, and names the file of a bad one', () => {
  expect(parseManifests('---\na: 1\n---\n---\nb: 2\n', 'f')).toHaveLength(2);
  expect(() => parseManifests('a: [', 'dir/f.yaml')).toThrow('dir/f.yaml');
});

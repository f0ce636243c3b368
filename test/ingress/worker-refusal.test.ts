import { expect, test } from 'vitest';
import { parseRefusal, reasonOf } from '../../ingress/worker-refusal.ts';

test.each([
  [503, 'WORKER_DRAINING', { code: 'WORKER_DRAINING', another: true }],
  [429, 'AT_CAPACITY', { code: 'AT_CAPACITY', another: true }],
  [429, 'AT_MAX_CONCURRENT', { code: 'AT_MAX_CONCURRENT', another: false }],
  [500, 'WORKER_DRAINING', undefined],
  [504, 'DEADLINE_EXCEEDED', undefined],
  [500, 'NON_ZERO_EXIT', undefined],
  [503, undefined, undefined],
  [503, 'constructor', undefined],
])('%s %s', (status, code, expected) => expect(parseRefusal(status, code)).toEqual(expected));

test('reasons are CamelCase', () => expect(reasonOf('AT_MAX_CONCURRENT')).toBe('AtMaxConcurrent'));

import { expect, test } from 'vitest';
import { isPoison } from '../../telemetry/store/insert-failure.ts';

test.each([
  [{ code: '27' }, true],
  [{ code: '241' }, false],
  [{ code: '252' }, false],
  [{ code: 'ECONNREFUSED' }, false],
  [{ code: 'ENGINE_DOWN' }, false],
  [new Error('x'), false],
  [undefined, false],
])('%o: %s', (thrown, poison) => expect(isPoison(thrown)).toBe(poison));

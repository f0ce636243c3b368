import { describe, expect, test } from 'vitest';
import { ClrkError, errorMessage, renderError } from '../../contract/error.ts';

describe('ClrkError', () => {
  test('is rendered in at most three lines: what, code, what to do', () => {
    const error = new ClrkError('IMAGE_NOT_FOUND', 'no image x\nwith a stack', { hint: 'Push it first.' });
    expect(renderError(error)).toBe('error: no image x (IMAGE_NOT_FOUND)\n  Push it first.');
  });

  test.each([
    [new Error('boom\nat x'), 'error: boom'],
    ['text', 'error: text'],
    [new ClrkError('A', 'b'), 'error: b (A)'],
  ])('%s', (thrown, expected) => {
    expect(renderError(thrown)).toBe(expected);
  });

  test('is not retryable unless it says so, and keeps its cause', () => {
    const cause = new Error('why');
    expect(new ClrkError('A', 'b')).toMatchObject({ retryable: false, hint: undefined });
    expect(new ClrkError('A', 'b', { retryable: true, cause })).toMatchObject({ retryable: true, cause });
    expect(errorMessage(cause)).toBe('why');
  });
});

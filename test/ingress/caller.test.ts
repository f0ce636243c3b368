import { describe, expect, test } from 'vitest';
import { parseInvocationId, parseTraceParent } from '../../ingress/caller.ts';

const id = '0b9f6e1e-3d43-4f0f-8a2e-0123456789ab';
const trace = 'a'.repeat(32);
const span = 'b'.repeat(16);

describe('what a caller may say', () => {
  test.each([
    ['canonical', id, true],
    ['upper case', id.toUpperCase(), false],
    ['braced', `{${id}}`, false],
    ['with more after it', `${id}0`, false],
    ['absent', undefined, false],
  ])('an id that is %s', (_name, given, honoured) => {
    expect(parseInvocationId(given)).toBe(honoured ? given : undefined);
  });

  test.each([
    [`00-${trace}-${span}-01`, true],
    [`00-${trace}-${span}-00`, true],
    [`01-${trace}-${span}-01-more`, true],
    [`00-${trace}-${span}-01-more`, false],
    [`ff-${trace}-${span}-01`, false],
    [`00-${'0'.repeat(32)}-${span}-01`, false],
    [`00-${trace}-${'0'.repeat(16)}-01`, false],
    [`00-${trace.toUpperCase()}-${span}-01`, false],
    ['', false],
    [undefined, false],
  ])('traceparent %s is continued: %s', (given, continued) => {
    const parsed = parseTraceParent(given, 'a=b');
    expect(parsed).toEqual(continued ? { traceId: trace, spanId: span, state: 'a=b' } : undefined);
  });

  test('a tracestate that is too long or not plain is left out', () => {
    expect(parseTraceParent(`00-${trace}-${span}-01`, 'x'.repeat(513))?.state).toBeUndefined();
    expect(parseTraceParent(`00-${trace}-${span}-01`, 'a\u0000')?.state).toBeUndefined();
  });
});

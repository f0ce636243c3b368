import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClrkError } from '../../contract/index.ts';
import { parseTarget } from '../../ingress/target.ts';

function parse(url: string, host?: string, taskAgentHeader?: string): unknown {
  try {
    const { namespace, name, path } = parseTarget({ url, host, taskAgentHeader });
    return `${namespace}/${name} ${path}`;
  } catch (error) {
    return (error as ClrkError).code;
  }
}

describe('which agent a request is for', () => {
  test.each([
    ['/agents/a/b', undefined, undefined, 'a/b /'],
    ['/agents/a/b/', undefined, undefined, 'a/b /'],
    ['/agents/a/b?q=1', undefined, undefined, 'a/b /?q=1'],
    ['/agents/a/b/c/d?q=/x', undefined, undefined, 'a/b /c/d?q=/x'],
    ['/agents/a/b.c/d', undefined, undefined, 'a/b.c /d'],
    ['/agents/a/b//..%2f', undefined, undefined, 'a/b //..%2f'],
    ['/x', 'clrk-b.a', undefined, 'a/b /x'],
    ['/x', 'CLRK-B.A.svc:8080', undefined, 'a/b /x'],
    ['/x', 'clrk-b.a.svc.cluster.local.', undefined, 'a/b /x'],
    ['/x', 'clrk-b.a.example.com', undefined, 'TARGET_MISSING'],
    ['/x', 'xclrk-b.a', undefined, 'TARGET_MISSING'],
    ['/x', 'clrk-ingress.clrk-system.svc', undefined, 'TARGET_MISSING'],
    ['/agents/a/b/', 'clrk-ingress.clrk-system.svc', undefined, 'a/b /'],
    ['/x', 'clrk-ingress.shop', undefined, 'shop/ingress /x'],
    ['/x', undefined, 'a/b', 'a/b /x'],
    ['/x', undefined, 'a/b, c/d', 'TARGET_INVALID'],
    ['/x', undefined, 'a/b/c', 'TARGET_INVALID'],
    ['/x', undefined, '', 'TARGET_INVALID'],
    ['/agents/a/b', 'clrk-c.a', undefined, 'TARGET_CONFLICT'],
    ['/agents/a/b', undefined, 'a/c', 'TARGET_CONFLICT'],
    ['/x', 'clrk-b.a', 'b/a', 'TARGET_CONFLICT'],
    ['/agents/a', undefined, undefined, 'TARGET_INVALID'],
    ['/agents', undefined, undefined, 'TARGET_INVALID'],
    ['/agents/a%2fb/c', undefined, undefined, 'TARGET_INVALID'],
    ['/agents/../a/b', undefined, undefined, 'TARGET_INVALID'],
    ['/agentsx/a/b', undefined, undefined, 'TARGET_MISSING'],
    ['http://clrk-b.a/x', 'clrk-b.a', undefined, 'TARGET_INVALID'],
    ['*', undefined, 'a/b', 'TARGET_INVALID'],
  ])('%s, Host %s, header %s: %s', (url, host, header, expected) => {
    expect(parse(url, host, header)).toBe(expected);
  });

  test('whatever is asked, the answer is an agent with proper names or a ClrkError', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (text, host) => {
        try {
          const target = parseTarget({ url: `/agents/${text}`, host, taskAgentHeader: undefined });
          expect(target.namespace).toMatch(/^[a-z0-9-]+$/);
          expect(target.name).toMatch(/^[a-z0-9.-]+$/);
          expect(target.path.startsWith('/')).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ClrkError);
        }
      }),
    );
  });
});

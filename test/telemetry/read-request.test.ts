import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClrkError } from '../../contract/index.ts';
import { planRead } from '../../telemetry/read-query.ts';
import { parseReadRequest } from '../../telemetry/read-request.ts';

const base = '/v1/namespaces/shop/taskagents/hello';
const code = (url: string): string => {
  try {
    return parseReadRequest(url).what;
  } catch (error) {
    return error instanceof ClrkError ? error.code : 'other';
  }
};

describe('what may be asked', () => {
  test.each([
    [`${base}/logs`, 'logs'],
    [`${base}/traces?follow&limit=1000`, 'traces'],
    [`${base}/invocations?since=2026-11-23T00:00:00Z`, 'agentInvocations'],
    ['/v1/namespaces/shop/daemonagents/hello/logs?component=worker,egress&iostream=stderr', 'logs'],
    ['/v1/namespaces/shop/invocations', 'invocations'],
    ['/v1/namespaces/shop/invocations/0b9f6e1e-3d43-4f0f-8a2e-0123456789ab', 'invocation'],
    [`${base}/traces?iostream=stdout`, 'BAD_REQUEST'],
    [`${base}/logs?limit=1001`, 'BAD_REQUEST'],
    [`${base}/logs?limit=1&limit=2`, 'BAD_REQUEST'],
    [`${base}/logs?since=yesterday`, 'BAD_REQUEST'],
    [`${base}/logs?invocation=x`, 'BAD_REQUEST'],
    [`${base}/logs?component=a'b`, 'BAD_REQUEST'],
    [`${base}/logs?agent=other`, 'BAD_REQUEST'],
    [`${base}/logs/x`, 'NOT_FOUND'],
    ['/v1/namespaces/shop/constructor/hello/logs', 'NOT_FOUND'],
    ['/v1/namespaces/shop%2f..%2fother/invocations', 'NOT_FOUND'],
    ['/v1/namespaces/../namespaces/shop/secrets', 'NOT_FOUND'],
    ['/v1/namespaces/shop/invocations/not-an-id', 'NOT_FOUND'],
  ])('%s: %s', (url, expected) => expect(code(url)).toBe(expected));

  test('the scope is of the path, and no text of a request is ever in the statement', () => {
    const word = fc.stringMatching(/^[a-z]{12,20}$/);
    fc.assert(
      fc.property(word, word, word, (namespace, name, component) => {
        const url = `/v1/namespaces/${namespace}/taskagents/${name}/logs?component=${component}`;
        const { sql, params } = planRead(parseReadRequest(url));
        expect(params['agent']).toBe(`TaskAgent/${namespace}/${name}`);
        for (const text of [namespace, name, component]) expect(sql).not.toContain(text);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClrkError } from '../../contract/index.ts';
import { followedOf } from '../../telemetry/read/followed.ts';
import { parseReadRequest } from '../../telemetry/read/read-request.ts';

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
    [`${base}/invocations?phase=failed,Timeout&continue=abc`, 'agentInvocations'],
    [`${base}/traces?trace=${'ab'.repeat(16)}`, 'traces'],
    [`${base}/logs?follow=true&after=7532151931200864257`, 'logs'],
    ['/v1/namespaces/shop/invocations?agent=hello&phase=Running', 'invocations'],
    ['/v1/namespaces/shop/invocations?phase=Flying', 'BAD_REQUEST'],
    [`${base}/logs?phase=Failed`, 'BAD_REQUEST'],
    [`${base}/traces?trace=xyz`, 'BAD_REQUEST'],
    [`${base}/logs?after=1`, 'BAD_REQUEST'],
    [`${base}/logs?follow=true&after=99999999999999999999`, 'BAD_REQUEST'],
    [`${base}/logs?follow=true&continue=abc`, 'BAD_REQUEST'],
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

  test('the scope is of the path, and no text of a request is ever in a statement', async () => {
    const word = fc.stringMatching(/^[a-z]{12,20}$/);
    const rest = fc.constantFrom(
      'logs?component=WORD',
      'traces?component=WORD',
      'invocations',
      'invocations?limit=7',
    );
    await fc.assert(
      fc.asyncProperty(word, word, word, rest, async (namespace, name, component, asked) => {
        const url = `/v1/namespaces/${namespace}/taskagents/${name}/${asked.replace('WORD', component)}`;
        const seen: Array<{ sql: string; params: unknown }> = [];
        const store = {
          query: <T>(sql: string, params: unknown): Promise<T[]> => {
            seen.push({ sql, params });
            return Promise.resolve([]);
          },
        };
        const source = followedOf(store, parseReadRequest(url));
        await source.page();
        await source.newKeys('0', 10);
        expect(seen.length).toBeGreaterThan(1);
        for (const { sql, params } of seen) {
          expect(JSON.stringify(params)).toContain(namespace);
          expect(JSON.stringify(params)).toContain(name);
          for (const text of [namespace, name, component]) expect(sql).not.toContain(text);
        }
      }),
    );
  });
});

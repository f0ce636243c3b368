import { expect, test } from 'vitest';
import type { IngressAgent } from '../../contract/index.ts';
import { renderAnswerHeaders, renderDispatchHeaders } from '../../ingress/dispatch-header.ts';

const facts = {
  agent: { namespace: 'shop', name: 'hello' } as IngressAgent,
  revision: 'hello-00001',
  invocationId: 'id-1',
  trigger: 'HTTP',
  now: new Date('2026-11-23T00:00:00Z'),
  traceHeaders: { traceparent: 'ours' },
};

test('S13: the caller’s platform headers do not reach the worker', () => {
  const headers = renderDispatchHeaders(
    {
      'x-clrk-revision': 'other',
      'x-clrk-taskagent': 'a/b',
      'x-clrk-invocation-id': 'theirs',
      'x-clrk-anything': 'x',
      'x-clrk-execution-id': 'exec-1',
      traceparent: 'theirs',
      tracestate: 'theirs',
      host: 'clrk-hello.shop',
      accept: 'text/plain',
    },
    facts,
  );
  expect(headers).toEqual({
    accept: 'text/plain',
    'ce-id': 'exec-1',
    'ce-source': 'clrk://shop/hello',
    'ce-specversion': '1.0',
    'ce-subject': 'HTTP',
    'ce-time': '2026-11-23T00:00:00.000Z',
    'ce-type': 'dev.apoxy.clrk.taskagent.invoke',
    traceparent: 'ours',
    'x-clrk-execution-id': 'exec-1',
    'x-clrk-invocation-id': 'id-1',
    'x-clrk-revision': 'hello-00001',
    'x-clrk-taskagent': 'shop/hello',
    'x-clrk-trigger': 'http',
    'x-forwarded-host': 'clrk-hello.shop',
    'x-forwarded-proto': 'http',
  });
});

test('S33: hop-by-hop headers, and those Connection names, end here in both directions', () => {
  const hop = {
    connection: 'close, X-Hop',
    'keep-alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    upgrade: 'h2c',
    te: 'trailers',
    'proxy-authorization': 'x',
    'x-hop': '1',
    'x-end': '2',
  };
  const up = renderDispatchHeaders(hop, facts);
  const down = renderAnswerHeaders(hop, 'id-1', '10.0.0.1:8090');
  for (const name of Object.keys(hop)) {
    const expected = name === 'x-end' ? '2' : undefined;
    expect({ name, up: up[name], down: down[name] }).toEqual({ name, up: expected, down: expected });
  }
  expect(down['x-clrk-invocation-id']).toBe('id-1');
});

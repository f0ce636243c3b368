import { expect, test } from 'vitest';
import { renderAnswerHeaders, renderDispatchHeaders } from '../../ingress/dispatch-header.ts';

const facts = {
  facts: {
    id: 'id-1',
    agent: { kind: 'TaskAgent', namespace: 'shop', name: 'hello', uid: 'u' },
    trigger: { type: 'Cron', source: '0 6 * * *' },
    createdAt: Date.UTC(2026, 10, 23),
    timeoutMs: 1,
  },
  revision: 'hello-00001',
  traceHeaders: { traceparent: 'ours' },
} as const;

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
    'ce-subject': 'Cron',
    'ce-time': '2026-11-23T00:00:00.000Z',
    'ce-type': 'dev.apoxy.clrk.taskagent.invoke',
    traceparent: 'ours',
    'x-clrk-agent': 'TaskAgent/shop/hello',
    'x-clrk-created-at': '2026-11-23T00:00:00.000Z',
    'x-clrk-execution-id': 'exec-1',
    'x-clrk-invocation-id': 'id-1',
    'x-clrk-revision': 'hello-00001',
    'x-clrk-taskagent': 'shop/hello',
    'x-clrk-trigger': 'cron',
    'x-clrk-trigger-source': '0%206%20*%20*%20*',
    'x-forwarded-host': 'clrk-hello.shop',
    'x-forwarded-proto': 'http',
  });
});

const forged = [
  ...['source', 'subject', 'specversion', 'datacontenttype', 'data', 'data_base64'],
  ...['httpmethod', 'httpurl', 'httpquery', 'clrkidentity', 'clrkrevision', 'clrkanything'],
].map((name) => `ce-${name}`);

test.each([...forged, 'x-clrk-trigger', 'x-clrk-trigger-source', 'x-clrk-created-at', 'x-clrk-agent'])(
  'S13: a caller cannot set %s',
  (name) => {
    expect(renderDispatchHeaders({ [name]: 'forged' }, facts)).toEqual(renderDispatchHeaders({}, facts));
  },
);

test('the attributes of a caller’s own event are kept', () => {
  const own = { 'ce-id': '1', 'ce-type': 'order.made', 'ce-time': 'then', 'ce-tenant': 'blue' };
  expect(renderDispatchHeaders(own, facts)).toMatchObject(own);
});

test('an answer of a shared origin is not sniffed, whatever the agent says of it', () => {
  const answer = renderAnswerHeaders({ 'x-content-type-options': 'sniff' }, 'id-1', 'w');
  expect(answer['x-content-type-options']).toBe('nosniff');
});

test('S33: hop-by-hop headers, and those Connection names, end here in both directions', () => {
  const hop = {
    connection: 'close, X-Hop',
    'keep-alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    upgrade: 'h2c',
    te: 'trailers',
    trailer: 'x-sum',
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

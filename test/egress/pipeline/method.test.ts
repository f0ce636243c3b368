/** A method is a short word, on both protocols: whatever is asked or recorded of it is all of it. */
import { expect, test } from 'vitest';
import type { Hostname } from '../../../contract/index.ts';
import { createField } from '../../../egress/http1/index.ts';
import { identify, isRefusal } from '../../../egress/pipeline/identify.ts';

const hostname = 'api.example.com' as Hostname;
const peer = {
  agent: { kind: 'TaskAgent' as const, namespace: 'd', name: 'a' },
  ...{ agentId: 'TaskAgent/d/a', uid: '', revision: '', invocationId: 'i', traceparent: undefined },
  ...{ hostname, ip: '198.18.0.1', port: 443 },
};
const http1 = { target: '/', fields: [createField('Host', hostname)] };
const http2 = { target: '/', fields: [], authority: hostname };

test.each([
  ['GET', 'taken'],
  ['BASELINE-CONTROL', 'taken'],
  ['M'.repeat(32), 'taken'],
  ['M'.repeat(33), 400],
  ['', 400],
  ['GET (WebSocket)', 400],
  ['GE\u202eT', 400],
  ['GET\n', 400],
])('%j', (method, expected) => {
  for (const line of [http1, http2]) {
    const read = identify({ ...line, method }, peer);
    expect(isRefusal(read) ? read.status : 'taken').toBe(expected);
  }
});

/** What an Approval asks, in one line: all of where it goes. */
import { expect, test } from 'vitest';
import { renderWhat, type Approval } from '../../../cli/cluster/approval-object.ts';

test.each([
  [{ method: 'tools/call', tool: 'send_mail' }, 'tools/call send_mail'],
  [{ method: 'tools/call', tool: 'send_mail', query: '?tenant=b' }, 'tools/call send_mail ?tenant=b'],
  [{ method: 'DELETE', path: '/files/1', query: '?x=1' }, 'DELETE /files/1?x=1'],
  [{ method: 'POST', path: '/v1', model: 'm' }, 'POST /v1 (model m)'],
])('%j', (call, expected) => {
  expect(renderWhat({ spec: { request: { call } } } as unknown as Approval)).toBe(expected);
});

import { expect, test } from 'vitest';
import { judgeHeaderEdit } from '../../../decision/index.ts';

const none = { set: [], add: [], remove: [], hide: [] };
const setting = (name: string, value = 'a') => ({ ...none, set: [{ name, value }] });

test.each([
  ['a header', setting('X-Team')],
  ['text with blanks', setting('X-Team', 'a b')],
  ['what the agent says it is', setting('User-Agent')],
  ['cookies of an answer', { ...none, hide: ['Set-Cookie'] }],
  ['a header that is not sent', { ...none, remove: ['X-Debug'] }],
])('%s may change', (_title, edit) => {
  expect(judgeHeaderEdit(edit)).toBeUndefined();
});

test.each([
  ...['Host', 'Content-Length', 'transfer-encoding', 'TE', 'Upgrade', 'HTTP2-Settings', 'Content-Type'],
  ...['Authorization', 'Cookie', 'X-Api-Key', 'x-goog-api-key', 'X-Amz-Date', 'Proxy-Authenticate'],
  ...['X-HTTP-Method-Override', 'X-Original-URL', 'Range', 'Accept-Encoding', 'Sec-WebSocket-Extensions'],
  ...[
    'X-CLRK-Agent',
    'X_Api_Key',
    'X_Team',
    'a b',
    '',
    'x\r\ny',
    'Mcp-Method',
    'mcp-name',
    'MCP_Protocol-Version',
  ],
])('S33: %j is changed by no rule', (name) => {
  expect(judgeHeaderEdit(setting(name))).toContain('no rule may change');
  expect(judgeHeaderEdit({ ...none, remove: [name] })).toContain('no rule may change');
  expect(judgeHeaderEdit({ ...none, add: [{ name, value: 'a' }] })).toContain('no rule may change');
});

test.each(['Content-Length', 'content-encoding', 'Connection', 'X-Clrk-Error-Code'])(
  '%s of an answer stays',
  (name) => {
    expect(judgeHeaderEdit({ ...none, hide: [name] })).toContain('no rule may change');
  },
);

test.each(['a\r\nX: b', '', ' a', 'a\u0000'])('a value of %j is not sent', (value) => {
  expect(judgeHeaderEdit(setting('X-Team', value))).toContain('cannot be sent');
});

test('one header changes in one way', () => {
  expect(judgeHeaderEdit({ ...setting('X-Team'), remove: ['x-team'] })).toContain('in two ways');
});

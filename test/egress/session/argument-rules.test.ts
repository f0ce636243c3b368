/** A call of a tool under a rule over its arguments, from bytes to record: what does not pass is an error on its id, and sends nothing. */
import { expect, test } from 'vitest';
import { asked, attributeOf, request, underTools } from '../mcp/mcp-script.ts';

const route = underTools({
  argumentRules: [
    {
      ...{ tools: ['send_mail'], toolsRegex: [], action: 'Allow' },
      expression: 'arguments.to.all(x, x.endsWith("@example.com"))',
    },
  ],
});
const call = (given: unknown): object => request('tools/call', { name: 'send_mail', arguments: given });

test('what the rule lets pass goes as it was written', async () => {
  const message = call({ to: ['a@example.com'], text: 'hé' });
  const talk = await asked(message, route);
  expect(Buffer.concat(talk.tries[0]?.sent ?? []).toString()).toBe(JSON.stringify(message));
});

test.each([
  ['another address', call({ to: ['a@example.com', 'b@evil.test'] })],
  ['no address', call({})],
  ['no arguments', request('tools/call', { name: 'send_mail' })],
  ['arguments too long to be judged', call({ to: [], text: 'x'.repeat(70_000) })],
])('%s: the client is told on its id, nothing goes out, and the session lives', async (_title, message) => {
  const talk = await asked(message, route);
  expect(talk.tries).toHaveLength(0);
  expect(talk.told()).toMatch(/^200 \{"jsonrpc":"2.0","id":7,"error":.*send_mail.*\| end$/);
  expect(attributeOf(talk, 'clrk.egress.deny_reason')).toBe('tool');
  expect(attributeOf(talk, 'clrk.mcproute.toolpolicy.decision')).toBe('deny');
});

test('S46: a batch passes only as a whole', async () => {
  const talk = await asked([call({ to: [] }), call({ to: ['b@evil.test'] })], route);
  expect(talk.tries).toHaveLength(0);
  expect(talk.told()).toMatch(/^403 /);
});

/** A rule that changes headers, as the agent and the upstream see it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { HeaderEdit } from '../../../contract/index.ts';
import { host, httpPolicy, httpRoute, match } from '../../decision/http/http-policy.ts';
import { converse, openGatewayBed, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';

const seen: SeenRequest[] = [];
let bed: GatewayBed;
const edit: HeaderEdit = {
  set: [{ name: 'X-Team', value: 'agents' }],
  add: [{ name: 'X-Via', value: 'clrk' }],
  remove: ['X-Debug'],
  hide: ['Set-Cookie', 'Server'],
};

function use(headers: HeaderEdit, keyHeader = 'X-Key'): void {
  const route = { ...httpRoute([]), rules: [{ matches: [match()], unsupported: [], headers }] };
  bed.configure((ip, port) => {
    const [key] = createConfig(ip, port).credentials;
    const target = { kind: 'EgressHTTPRoute' as const, namespace: 'default', name: 'web' };
    const inject = { type: 'Header' as const, name: keyHeader, value: 'the-key-of-ours' };
    const credentials = [{ ...key!, target, inject }];
    return createConfig(ip, port, { ...httpPolicy([route], { port }), credentials });
  });
}

beforeAll(async () => {
  const extra = 'Set-Cookie: a=b\r\nset_cookie: c=d\r\nServer: nginx\r\nX-Kept: yes\r\n';
  bed = await openGatewayBed({ serve: serveHttp1(seen, () => json(200, { ok: true }, extra)) });
});
afterAll(() => bed.close());
beforeEach(() => {
  seen.length = 0;
});

async function ask(fields: string): Promise<string> {
  const agent = await bed.dial(host);
  const whole = (text: string): boolean => /\r\n\r\n.*\}$/s.test(text);
  const got = await converse(agent, `GET /a HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`, whole);
  agent.destroy();
  return got;
}

const fieldsOf = (name: string): string[] =>
  (seen[0]?.head.fields ?? []).filter((each) => each.name === name).map(({ value }) => value);

test('sets, adds and removes what goes, whatever the agent said, and hides what comes', async () => {
  use(edit);
  const got = await ask('X-Team: mine\r\nx_team: mine\r\nX-Via: agent\r\nX-Debug: 1\r\nx_debug: 1\r\n');
  expect(fieldsOf('x-team')).toEqual(['agents']);
  expect(fieldsOf('x_team')).toEqual([]);
  expect(fieldsOf('x-via')).toEqual(['agent', 'clrk']);
  expect([...fieldsOf('x-debug'), ...fieldsOf('x_debug')]).toEqual([]);
  expect(got).toMatch(/x-kept: yes/i);
  expect(got).not.toMatch(/set[-_]cookie|server:/i);
});

test('S42: never writes where a key goes', async () => {
  use({ ...edit, set: [{ name: 'X-Key', value: 'other' }] });
  await ask('');
  expect(fieldsOf('x-key')).toEqual(['the-key-of-ours']);
});

test('S33: a gateway that gets what no rule may change refuses the rule’s calls', async () => {
  use({ ...edit, set: [{ name: 'Content-Length', value: '5' }] });
  expect(await ask('')).toMatch(/^HTTP\/1.1 503 /);
  expect(seen).toEqual([]);
});

/**
 * A person decides, end to end: agents in sandboxes call, the gateway parks the calls, the operator makes Approvals on the real API
 * server, and somebody with no right but `clrk-approver` allows and denies with `clrk approvals`. What nobody allowed never arrives, and
 * the record says who decided.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Approval } from '../../api/index.ts';
import type { KubeObject } from '../../local/kube/object.ts';
import { namespace, shellAgent } from './agents.ts';
import { Approver } from './approver.ts';
import { AskedUpstream, pageHost, toolHost, upstreamAddress } from './asked-upstream.ts';
import { DevPlatform, type Answer } from './dev-platform.ts';
import { kill } from './platform-process.ts';

const group = 'clrk.apoxy.dev';
const object = (kind: string, name: string, spec: object) =>
  ({ apiVersion: `${group}/v1alpha1`, kind, metadata: { name, namespace }, spec }) as KubeObject;
const parentRefs = [{ group, kind: 'EgressGateway', name: 'asking' }];
/** What the gateway answers, its status last; `cut` where it answers nothing. */
const caller = (name: string, request: string) =>
  // Of the CloudEvent on its standard input, the data: what it is called with.
  shellAgent(
    name,
    `sed 's/^.*"data"://; s/}$//' | curl -sS -m 50 -w ' %{http_code}' ${request} 2>&1 || echo cut`,
    {
      egressRefs: [{ gatewayRef: 'asking' }],
    },
  );
const json = `-H 'content-type: application/json' -H 'accept: application/json' -d @-`;

let platform: DevPlatform;
let upstream: AskedUpstream;
let jane: Approver;

beforeAll(async () => {
  platform = await DevPlatform.open();
  upstream = await AskedUpstream.open(platform);
  jane = await Approver.create(platform, 'jane');
  await platform.apply(
    object('EgressGateway', 'asking', {
      ...{ defaultPolicy: 'deny-all', onUnlisted: 'Ask' },
      listeners: [{ name: 'tls', protocol: 'HTTPS' }],
      upstreamTLS: {
        additionalTrustBundleSecretRef: { name: 'provider-ca' },
        hostAliases: [{ hostnames: [pageHost, toolHost], ip: upstreamAddress }],
      },
    }),
    object('MCPRoute', 'asking-tools', {
      parentRefs,
      hostnames: [toolHost],
      rules: [{ filters: [{ type: 'ToolPolicy', toolPolicy: { requireConfirmation: ['send_*'] } }] }],
    }),
  );
  await platform.ready('egressgateway/asking');
  await platform.agents(
    caller('asks-page', `-X POST https://${pageHost}/orders ${json}`),
    caller('asks-tool', `https://${toolHost}/mcp ${json}`),
  );
}, 300_000);

afterAll(async () => {
  const made = [
    'taskagent/asks-page',
    'taskagent/asks-tool',
    'mcproute/asking-tools',
    'egressgateway/asking',
  ];
  await platform.must('delete', ...made, '--ignore-not-found');
  jane[Symbol.dispose]();
  upstream[Symbol.dispose]();
  await platform[Symbol.asyncDispose]();
});

const tool = (name: string, id: number): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: { to: 'a@example.com' } },
  });

function call(agent: string, body: string): Promise<Answer> {
  return platform.call(agent, { body, headers: { 'content-type': 'application/json' } });
}

interface Parked {
  readonly answer: Promise<Answer>;
  readonly approval: Approval;
}

/** Called, and a person is asked; nothing has arrived at the other side. */
async function park(agent: string, body: string): Promise<Parked> {
  const before = upstream.received.length;
  const answer = call(agent, body);
  await vi.waitFor(
    async () => expect(await platform.must('get', 'approvals')).toMatch(new RegExp(`Pending +${agent} `)),
    { timeout: 60_000, interval: 100 },
  );
  const [approval] = await jane.waiting(agent);
  expect(upstream.received).toHaveLength(before);
  return { answer, approval: approval! };
}

/** All that is recorded of the run, when it is over. */
async function recorded(agent: string, invocation: string): Promise<string> {
  await platform.invocation(agent, invocation);
  return JSON.stringify(await platform.trace(agent, invocation));
}

test('a place that no route opens: it waits, is shown, is allowed, arrives, and the record says who', async () => {
  const { answer, approval } = await park('asks-page', '{"order":1}');
  const name = approval.metadata.name;
  expect(approval.spec.request).toMatchObject({
    gateway: 'asking',
    route: { kind: 'EgressGateway', namespace, name: 'asking' },
    call: { method: 'POST', host: pageHost, port: 443, path: '/orders' },
  });
  const shown = await jane.approvals('show', name);
  expect(shown.stdout).toContain('POST /orders');
  expect(await jane.approvals('allow', name, '--reason', 'release day')).toMatchObject({ code: 0 });
  const { text, status, id } = await answer;
  expect([status, text.trim()]).toEqual([200, expect.stringMatching(/"sent":true.* 200$/)]);
  expect(upstream.received.at(-1)).toBe(`POST ${pageHost}/orders {"order":1}`);
  const record = await recorded('asks-page', id);
  for (const each of [jane.user, `${namespace}/${name}`, 'release day']) expect(record).toContain(each);
  await platform.must('wait', '--for=jsonpath={.status.call}=Went', `approval/${name}`, '--timeout=20s');
}, 120_000);

test('a tool under confirmation: denied in words on its own id; allowed for the agent, its next calls go', async () => {
  const first = await park('asks-tool', tool('send_mail', 7));
  expect(first.approval.spec.request.call).toMatchObject({ tool: 'send_mail', host: toolHost });
  expect((await jane.approvals('deny', first.approval.metadata.name)).code).toBe(0);
  const denied = await first.answer;
  expect(denied.text).toMatch(/"id":7.*a person denied this call.* 200$/s);
  const record = await recorded('asks-tool', denied.id);
  expect(record).toMatch(/"clrk\.approval\.decision":"?\{?.{0,30}deny/);
  expect(record).toContain(jane.user);

  const second = await park('asks-tool', tool('send_mail', 8));
  const { name } = second.approval.metadata;
  expect(await jane.approvals('allow', name, '--for', 'agent', '--ttl', '10m')).toMatchObject({ code: 0 });
  expect((await second.answer).text).toMatch(/"id":8.*"sent":true.* 200$/s);
  // Nobody is asked again; another tool of the same server needs nobody.
  expect((await call('asks-tool', tool('send_mail', 9))).text).toMatch(/"id":9.*"sent":true/s);
  expect((await call('asks-tool', tool('read_mail', 10))).text).toMatch(/"sent":true/);
  expect(upstream.received.filter((each) => each.includes('"id":7'))).toEqual([]);
}, 120_000);

test('a gateway that dies lets nothing of what was parked go, and nobody can allow it any more', async () => {
  const { answer, approval } = await park('asks-page', '{"order":2}');
  const { name } = approval.metadata;
  const key = Object.keys(platform.state.children).find((each) => each.includes('egress-asking'));
  kill(platform, key ?? 'no gateway');
  expect((await answer).text).toContain('cut');
  await platform.must('wait', '--for=jsonpath={.status.phase}=Expired', `approval/${name}`, '--timeout=40s');
  expect(await jane.approvals('allow', name)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('waits no more') as string,
  });
  expect(upstream.received.filter((each) => each.includes('"order":2'))).toEqual([]);
}, 120_000);

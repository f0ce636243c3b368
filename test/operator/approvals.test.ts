/**
 * A person decides, end to end: a gateway asks over a real NATS, the operator makes the Approval on a real API server, `clrk
 * approvals` decides as a user of it, and the parked call hears it. And who may not decide, or say who did.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { approvalSubject, type TenantIdentity } from '../../contract/index.ts';
import { Approvals, type ParkOutcome } from '../../egress/approval/approvals.ts';
import { NatsApprovals } from '../../egress/approval/nats-approvals.ts';
import { kinds, type Approval } from '../../operator/kind.ts';
import { answerGateways } from '../../operator/nats-approvals.ts';
import { builtins, type ApiClient, type KubeObject, type Resource } from '../../operator/runtime/index.ts';
import { connectNats, createLog } from '../../process/index.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { runCommandLine } from '../cli/command-line.ts';
import { TestNats } from '../process/nats-server.ts';
import { ControlPlane, eventually } from './control-plane.ts';
import { agent, gateway, manifest, pool } from './manifest.ts';
import { installRights, usedRights } from './rights.ts';
import { FakeDataPlanes, RunningOperator } from './running-operator.ts';

const identity: TenantIdentity = { role: 'egress', namespace: 'default', name: 'g', uid: 'u-g' };
const other: TenantIdentity = { role: 'egress', namespace: 'default', name: 'h', uid: 'u-h' };
const nats = new TestNats({ tls: true, tenants: [identity, other] });
const log = createLog('operator', { CLRK_LOG_LEVEL: 'silent' });
const route = manifest('MCPRoute', 'tools', { parentRefs: [{ name: 'g' }], hostnames: ['mcp.example.com'] });
const clusterWide = (plural: string, kind: string): Resource => ({
  ...{ group: 'admissionregistration.k8s.io', version: 'v1', plural, kind, namespaced: false },
});

let plane: ControlPlane;
let api: ApiClient;
let operator: RunningOperator;
let asking: Approvals;
let uid = '';
let ticking: NodeJS.Timeout;
const connections: NatsConnection[] = [];

async function as(who: Parameters<typeof nats.accessOf>[0]): Promise<NatsConnection> {
  const connection = await connectNats(nats.accessOf(who), { name: 'test', log });
  connections.push(connection);
  return connection;
}

/** The policy about who decided, as it is installed. */
async function installDeciderPolicy(): Promise<void> {
  for (const [kind, plural] of [
    ['ValidatingAdmissionPolicy', 'validatingadmissionpolicies'],
    ['ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'],
  ] as const) {
    const file = join(repositoryRoot, `dist/platform/${kind}.clrk-approval-decider.k8s.yaml`);
    const object = parse(readFileSync(file, 'utf8')) as KubeObject;
    await api.apply(clusterWide(plural, kind), object, { fieldManager: 'test' });
  }
}

/** A ServiceAccount with a ClusterRole in `default`, and a kubeconfig of it. */
async function person(name: string, role: string): Promise<{ kubeconfig: string; client: ApiClient }> {
  const metadata = { namespace: 'default', name };
  const apply = async (resource: Resource, object: object): Promise<unknown> =>
    await api.apply(resource, object, { fieldManager: 'test' });
  await apply(builtins.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await apply(builtins.roleBindings, {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', ...metadata }],
  });
  const token = await plane.tokenOf('default', name);
  const kubeconfig = join(plane.directory, `${name}.kubeconfig`);
  writeFileSync(kubeconfig, plane.config(token).exportConfig(), { mode: 0o600 });
  return { kubeconfig, client: plane.client(undefined, token) };
}

const janeName = 'system:serviceaccount:default:jane';
let jane: Awaited<ReturnType<typeof person>>;
let editor: Awaited<ReturnType<typeof person>>;

const cli = async (...words: string[]): ReturnType<typeof runCommandLine> =>
  await runCommandLine([...words, '--kubeconfig', jane.kubeconfig, '-n', 'default']);

beforeAll(async () => {
  [plane] = await Promise.all([ControlPlane.start({ audit: true }), nats.start()]);
  api = plane.client();
  await installRights(api);
  await installDeciderPolicy();
  for (const object of [pool, gateway, route, agent()]) {
    const kind = Object.values(kinds).find((each) => each.kind === object.kind);
    const made = await api.apply(kind as Resource, object, { fieldManager: 'test' });
    if (object.kind === 'TaskAgent') uid = made.metadata?.uid ?? '';
  }
  operator = new RunningOperator(
    plane.client(undefined, await plane.tokenOf('clrk-system', 'clrk-operator')),
    new FakeDataPlanes(),
  );
  [jane, editor] = await Promise.all([person('jane', 'clrk-approver'), person('ed', 'clrk-edit')]);
  answerGateways(await as({ role: 'operator' }), {
    answer: (asker, text) => operator.operator.answerGateway(asker, text),
    onRefused: () => undefined,
    log,
  });
  const gatewaySide = await as(identity);
  asking = new Approvals({
    link: new NatsApprovals({ namespace: 'default', name: 'g' }, () => gatewaySide),
    now: () => performance.now(),
    randomId: () => randomBytes(8).toString('hex'),
  });
  ticking = setInterval(() => asking.tick(), 200);
}, 120_000);

afterAll(async () => {
  clearInterval(ticking);
  await operator.stop();
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
  await plane.stop();
});

interface Asked {
  readonly outcome: Promise<ParkOutcome>;
  readonly leave: () => void;
}

interface ParkChange {
  readonly uid?: string;
  readonly invocation?: string;
  readonly arguments?: string;
  readonly waitMs?: number;
}

function park(tool: string, change: ParkChange = {}): Asked {
  let resolve: (outcome: ParkOutcome) => void = () => undefined;
  const outcome = new Promise<ParkOutcome>((settle) => (resolve = settle));
  const call = { method: 'tools/call', host: 'mcp.example.com', port: 443, tool, path: '/mcp' };
  const ask = {
    key: Buffer.from(tool).toString('hex').padEnd(64, '0').slice(0, 64),
    route: { kind: 'MCPRoute', namespace: 'default', name: 'tools' },
    call: { ...call, arguments: change.arguments ?? '{}' },
    message: undefined,
  };
  const parked = asking.park(
    {
      ...{ agent: { kind: 'TaskAgent', namespace: 'default', name: 'hello' } },
      ...{ agentId: 'TaskAgent/default/hello', agentUid: change.uid ?? uid },
      ...{
        invocation: change.invocation ?? 'run-1',
        ask,
        until: performance.now() + (change.waitMs ?? 60_000),
      },
    },
    (ended) => resolve(ended),
  );
  return { outcome, leave: () => parked.leave() };
}

/** The Approval that asks for this tool and has no decision. */
async function pendingFor(tool: string): Promise<Approval> {
  return await eventually(async () => {
    const { items } = await api.list(kinds.approval, {});
    const found = (items as unknown as Approval[]).find(
      ({ spec, status }) =>
        spec.request.call.tool === tool && spec.decision === undefined && status?.phase === 'Pending',
    );
    if (found === undefined) throw new Error(`no Approval for ${tool}`);
    return found;
  });
}

async function statusOf(name: string, expected: object): Promise<void> {
  await eventually(async () =>
    expect(await api.get(kinds.approval, { namespace: 'default', name })).toMatchObject({ status: expected }),
  );
}

test('allowed once by the CLI: the call goes, and who allowed it is on record', async () => {
  const asked = park('send_mail', { arguments: '{"to":"a@b.example","text":"\u001b[2J"}' });
  const { metadata } = await pendingFor('send_mail');
  const listed = await cli('approvals', 'list');
  expect(listed.stdout).toContain(metadata.name);
  const shown = await cli('approvals', 'show', metadata.name);
  expect(shown.stdout).toContain('tools/call send_mail');
  expect(shown.stdout).not.toContain('\u001b');
  const done = await cli('approvals', 'allow', metadata.name, '--reason', 'fine');
  expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('is allowed') as string });
  expect(await asked.outcome).toMatchObject({
    kind: 'decided',
    word: { answer: 'Allow', scope: 'Once', by: janeName, reason: 'fine', leftMs: 0 },
  });
  await statusOf(metadata.name, { phase: 'Allowed', call: 'Went' });
  const events = await api.list(builtins.events, {});
  expect(JSON.stringify(events.items)).toContain('ApprovalRequested');
});

test('denied: the call is refused, and the answer cannot be changed by anybody', async () => {
  const asked = park('drop_table');
  const { metadata } = await pendingFor('drop_table');
  expect((await cli('approvals', 'deny', metadata.name)).code).toBe(0);
  expect(await asked.outcome).toMatchObject({ kind: 'decided', word: { answer: 'Deny', by: janeName } });
  const again = await cli('approvals', 'allow', metadata.name);
  expect(again.code).not.toBe(0);
  expect(again.stderr).toContain('never changes');
});

describe('who may say what', () => {
  async function patch(client: ApiClient, name: string, spec: object): Promise<string> {
    const object = {
      apiVersion: 'clrk.apoxy.dev/v1alpha1',
      kind: 'Approval',
      metadata: { namespace: 'default', name },
      spec,
    };
    return await client.apply(kinds.approval, object as KubeObject, { fieldManager: 'person' }).then(
      () => 'written',
      (thrown: unknown) => String(thrown instanceof Error ? thrown.message : thrown),
    );
  }

  test('S51: nobody decides in another name, changes what was asked, or decides without the right', async () => {
    const asked = park('pay');
    const { metadata, spec } = await pendingFor('pay');
    const decision = (decidedBy: string): object => ({ decision: { answer: 'Allow', decidedBy } });
    expect(await patch(jane.client, metadata.name, decision('joe'))).toContain('decidedBy must be the user');
    expect(await patch(api, metadata.name, decision(janeName))).toContain('decidedBy must be the user');
    const changed = { request: { ...spec.request, key: 'f'.repeat(64) } };
    expect(await patch(jane.client, metadata.name, changed)).not.toBe('written');
    expect(await patch(editor.client, metadata.name, decision('system:serviceaccount:default:ed'))).toContain(
      'forbidden',
    );
    const made = await patch(api, 'ask-0000000000000000', { request: spec.request, ...decision('admin') });
    expect(made).toContain('made without a decision');
    expect(await patch(jane.client, metadata.name, decision(janeName))).toBe('written');
    expect(await asked.outcome).toMatchObject({ kind: 'decided' });
  });

  test('S57: a gateway asks in its own name alone, and of agents that are its own', async () => {
    const wrong = await as(other);
    const subject = approvalSubject({ namespace: 'default', name: 'g' });
    await expect(wrong.request(subject, '{}', { timeout: 500 })).rejects.toThrow();
    expect(await park('send_mail', { uid: 'somebody-else' }).outcome).toMatchObject({
      kind: 'unavailable',
      why: 'the platform knows no such agent',
    });
  });
});

test('an answer for the agent lasts, is about no other tool, and ends when it is taken back', async () => {
  const first = park('read_file');
  const { metadata } = await pendingFor('read_file');
  const done = await cli('approvals', 'allow', metadata.name, '--for', 'agent', '--ttl', '1h');
  expect(done.stderr).toContain('kubectl delete approval');
  expect(await first.outcome).toMatchObject({ word: { scope: 'Agent' } });
  await statusOf(metadata.name, { phase: 'Allowed', validUntil: expect.any(String) as string });
  const fresh = new Approvals({
    link: new NatsApprovals({ namespace: 'default', name: 'g' }, () => connections.at(1)),
    now: () => performance.now(),
    randomId: () => randomBytes(8).toString('hex'),
  });
  asking = fresh;
  expect(await park('read_file', { invocation: 'run-2' }).outcome).toMatchObject({
    kind: 'decided',
    word: { answer: 'Allow', by: janeName, approval: metadata.name },
  });
  const listed = await cli('approvals', 'list');
  expect(listed.stdout).toContain(metadata.name);
  await api.delete(kinds.approval, { namespace: 'default', name: metadata.name }, metadata.uid ?? '');
  asking = new Approvals({
    link: new NatsApprovals({ namespace: 'default', name: 'g' }, () => connections.at(1)),
    now: () => performance.now(),
    randomId: () => randomBytes(8).toString('hex'),
  });
  const after = park('read_file', { invocation: 'run-3' });
  await pendingFor('read_file');
  after.leave();
});

test('nobody decides in time: the call is refused, and its Approval is Expired', async () => {
  const { outcome } = park('wait_long', { waitMs: 3_000 });
  const { metadata } = await pendingFor('wait_long');
  expect(await outcome).toEqual({ kind: 'timeout' });
  await eventually(async () => {
    const found = (await api.get(kinds.approval, { namespace: 'default', name: metadata.name })) as Approval;
    expect(found.status).toMatchObject({ phase: 'Expired', call: 'Refused' });
  });
  expect(await cli('approvals', 'allow', metadata.name)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('waits no more') as string,
  });
});

test('the call of an agent that went is Expired: allowing it once is refused, for its next calls not', async () => {
  const asked = park('later');
  const { metadata } = await pendingFor('later');
  asked.leave();
  await statusOf(metadata.name, { phase: 'Expired', call: 'Gone' });
  const once = await cli('approvals', 'allow', metadata.name);
  expect(once.stderr).toContain('APPROVAL_EXPIRED');
  expect((await cli('approvals', 'allow', metadata.name, '--for', 'agent')).code).toBe(0);
  expect(await park('later').outcome).toMatchObject({ kind: 'decided', word: { answer: 'Allow' } });
});

test('of calls that went and that nobody decided about, the last ones of an agent are kept', async () => {
  for (let round = 0; round < 3; round += 1) {
    const asked = Array.from({ length: 6 }, (_, index) => park(`many-${round}-${index}`));
    for (let index = 0; index < 6; index += 1) await pendingFor(`many-${round}-${index}`);
    for (const each of asked) each.leave();
  }
  await eventually(async () => {
    const { items } = await api.list(kinds.approval, {});
    const tools = (items as unknown as Approval[]).map(({ spec }) => spec.request.call.tool ?? '');
    expect(tools.filter((tool) => tool.startsWith('many-'))).toHaveLength(16);
    expect(tools).toContain('many-2-5');
  });
}, 60_000);

test('what dist/platform grants the operator is enough for it', () => {
  const used = usedRights(plane.auditLog, 'system:serviceaccount:clrk-system:clrk-operator');
  expect(used.denied).toEqual([]);
  const approvals = 'clrk.apoxy.dev/approvals';
  expect([...used.allowed]).toEqual(
    expect.arrayContaining([`create ${approvals}`, `patch ${approvals}/status`]),
  );
});

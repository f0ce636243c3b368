/** The command tells what persons allowed for a time, at the moment it is asked about: in a set, as data, and as a change. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-standing-'));
afterAll(() => rmSync(folder, { recursive: true }));

const head = (kind: string, name: string): string =>
  `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: ${kind}\nmetadata: {namespace: shop, name: ${name}}\n`;
const manifests = `${head('TaskAgent', 'triage')}spec:
  workerPoolRef: p
  template: {spec: {image: x}}
  egressRefs: [{gatewayRef: out}]
---
${head('EgressGateway', 'out')}spec: {listeners: [{name: tls, protocol: HTTPS}]}
---
${head('EgressHTTPRoute', 'mail')}spec:
  parentRefs: [{name: out}]
  hostnames: [mail.example.com]
  rules: [{matches: [{methods: [POST]}], approval: Required}]
`;
/** As kubectl writes it. */
const approval = `${head('Approval', 'ask-0123456789abcdef')}spec:
  request:
    id: 0123456789abcdef
    gateway: out
    agent: {kind: TaskAgent, name: triage, uid: u}
    invocation: run
    route: {kind: EgressHTTPRoute, namespace: shop, name: mail}
    key: ${'a'.repeat(64)}
    call: {method: POST, host: mail.example.com, port: 443, path: /send}
    expiresAt: "2026-01-01T00:04:30Z"
  decision: {answer: Allow, for: Agent, ttl: 1h, decidedBy: alice}
status: {phase: Allowed, call: Went, observedGeneration: 2, validUntil: "2026-01-01T01:00:00Z"}
`;
const before = join(folder, 'before');
const after = join(folder, 'after');

beforeAll(() => {
  for (const each of [before, after]) {
    mkdirSync(each);
    writeFileSync(join(each, 'all.yaml'), manifests);
  }
  writeFileSync(join(after, 'approvals.yaml'), approval);
});

const during = ['--at', '2026-01-01T00:59:00Z'];
const over = ['--at', '2026-01-01T02:00:00+01:00'];
const words =
  'without asking until `2026-01-01T01:00:00Z` call `POST` on path `/send` at `mail.example.com:443`';

test('as a sentence, as a row and as data, and not after it ended', async () => {
  const told = await runCommandLine(['reach', after, '-o', 'sentences', ...during]);
  expect(told.stdout).toContain(`agent \`triage\` may ${words}: allowed by \`alice\``);
  const { stdout } = await runCommandLine(['reach', after, '-o', 'json', ...during]);
  expect(JSON.parse(stdout)).toMatchObject({
    agents: [{ standing: [{ by: 'alice', until: '2026-01-01T01:00:00Z', call: { path: '/send' } }] }],
  });
  const table = await runCommandLine(['reach', after, ...during]);
  expect(table.stdout).toContain('without asking: POST on path /send');
  expect((await runCommandLine(['reach', after, '-o', 'sentences', ...over])).stdout).not.toContain(
    'without asking',
  );
});

test('as a change that --fail-on-added fails on', async () => {
  const args = ['reach', after, '--diff', before, '--fail-on-added'];
  const added = await runCommandLine([...args, ...during]);
  expect(added).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`+ agent \`triage\` may now ${words}`) as string,
  });
  expect((await runCommandLine([...args, ...over])).code).toBe(0);
});

test.each([['tomorrow'], ['2026-01-01'], ['2026-01-01T25:00:00Z'], ['2026-01-01T00:00:00']])(
  '--at %s is no moment',
  async (at) => {
    expect(await runCommandLine(['reach', after, '--at', at])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`--at ${at} is not a time`) as string,
    });
  },
);

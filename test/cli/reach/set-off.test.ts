/** The command tells which events set an agent off: in the closed set, and as what a change adds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-set-off-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('as a sentence and as data', async () => {
  writeFileSync(
    join(folder, 'agent.yaml'),
    `apiVersion: clrk.apoxy.dev/v1alpha1
kind: TaskAgent
metadata: {namespace: shop, name: triage}
spec:
  workerPoolRef: p
  template: {spec: {image: x}}
  triggers: [{type: Event, subject: orders.>}]
`,
  );
  const told = await runCommandLine(['reach', folder, '-o', 'sentences']);
  expect(told.stdout).toContain('agent `triage` may be set off by events on `orders.>`\n');
  const { stdout } = await runCommandLine(['reach', folder, '-o', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({ agents: [{ setOffBy: ['orders.>'] }] });
});

/** A role's process before it is anything else: what /readyz and /metrics say while its needs come one by one. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Type } from 'typebox';
import { environment as variable } from '../../contract/index.ts';
import { connectNatsAtLast, NatsLink, Shell } from '../../process/index.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { TestNats } from './nats-server.ts';

const environment = {
  [variable.podIp]: '127.0.0.1',
  [variable.podNamespace]: 'n',
  [variable.configSecret]: 's',
  [variable.kubeconfig]: '/nowhere',
  [variable.logLevel]: 'silent',
};
let port = 0;
let shell: Shell;

beforeEach(async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  ({ port } = probe.address() as AddressInfo);
  await new Promise((resolve) => probe.close(resolve));
  shell = await Shell.open({ role: 'ingress', environment, healthPort: port });
});
afterEach(() => shell[Symbol.asyncDispose]());

async function ask(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: (await response.text()).trim() };
}

describe('a role', () => {
  test('is healthy at once and ready when the last of its needs is there; the first missing one is named', async () => {
    const missing = new Set(['config', 'link']);
    for (const need of missing) shell.needs(() => (missing.has(need) ? `no ${need}` : undefined));
    shell.stands();
    expect(await ask('/healthz')).toMatchObject({ status: 200 });
    expect(await ask('/readyz')).toEqual({ status: 503, text: 'no config' });
    missing.delete('config');
    expect(await ask('/readyz')).toEqual({ status: 503, text: 'no link' });
    missing.delete('link');
    expect(await ask('/readyz')).toEqual({ status: 200, text: 'ok' });
  });

  test('is not ready between two of its needs: before all are named nobody knows that one is missing', async () => {
    expect(await ask('/readyz')).toEqual({ status: 503, text: 'starting' });
    shell.needs(() => undefined);
    expect(await ask('/readyz')).toEqual({ status: 503, text: 'starting' });
    shell.stands();
    expect(await ask('/readyz')).toEqual({ status: 200, text: 'ok' });
  });

  test('is not ready before its config is there', async () => {
    shell.watchConfig(Type.Object({ digest: Type.String() }), () => undefined);
    shell.stands();
    expect(await ask('/readyz')).toEqual({ status: 503, text: 'no config yet' });
  });

  test('serves the process’s figures and its own in one page', async () => {
    shell.serves(() => Promise.resolve('# TYPE clrk_own gauge\nclrk_own 7'));
    const { text } = await ask('/metrics');
    for (const name of [
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
      'clrk_process_faults_total 0',
    ])
      expect(text).toContain(name);
    expect(text).toContain('clrk_own 7');
  });
});

test('a link whose NATS comes later is ready when it comes, and goes on through an outage', async () => {
  const identity = { role: 'egress', namespace: 'n', name: 'g', uid: 'u' } as const;
  await using nats = new TestNats({ tenants: [identity] });
  await nats.start();
  await nats.kill();
  const { caPem, ...access } = nats.accessOf(identity);
  const options = { role: 'egress', namespace: 'n', log: silentLog, key: 'egress.n.g.p' } as const;
  await using link = new NatsLink({ ...options, snapshot: () => ({}) });
  link.update({ nats: access, caPem, otlp: { endpoint: '', token: '' } });
  expect(link.notReady()).toBe('not connected to NATS yet');
  const waits = connectNatsAtLast({ ...access, caPem }, { name: 't', log: silentLog, signal: shell.stopped });
  await nats.start();
  await expect.poll(() => link.notReady(), { timeout: 20_000 }).toBeUndefined();
  await (await waits)?.close();
  await nats.kill();
  expect(link.notReady()).toBeUndefined();
});

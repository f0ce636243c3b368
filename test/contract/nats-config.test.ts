/** The roles' rights on a real nats-server: what each must be able to do, and what it must not. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, StorageType, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { invocationStream, renderNatsConfig, rolePermissions, statusBucket } from '../../contract/index.ts';
import { claimHiddenPort } from '../../local/control-plane/port.ts';
import { greetsAsNats } from '../../local/control-plane/readiness.ts';
import { provideTools } from '../../local/tool-paths.ts';

let folder = '';
let port = 0;
let server: ChildProcess;
const connections: NatsConnection[] = [];

beforeAll(async () => {
  const toolPath = await provideTools((_name, work) => work(() => undefined));
  folder = mkdtempSync(join(tmpdir(), 'clrk-nats-'));
  port = await claimHiddenPort(undefined);
  const passwords = Object.fromEntries(
    Object.keys(rolePermissions).map((role) => [role, `password-${role}`]),
  );
  const config = join(folder, 'nats.json');
  const place = { serverName: 'test', host: '127.0.0.1', port, storeDir: join(folder, 'store') };
  writeFileSync(config, renderNatsConfig({ ...place, passwords }), {
    mode: 0o600,
  });
  server = spawn(toolPath('nats-server'), ['--config', config], { stdio: 'ignore' });
  await vi.waitFor(async () => expect(await greetsAsNats(port)).toBe(true), 10_000);
  const telemetry = await as('telemetry');
  const manager = await telemetry.jetstreamManager();
  await manager.streams.add({
    name: invocationStream.name,
    subjects: [...invocationStream.subjects],
    storage: StorageType.File,
  });
});

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function as(role: string, password = `password-${role}`): Promise<NatsConnection> {
  const connection = await connect({
    servers: `127.0.0.1:${port}`,
    user: role,
    pass: password,
    timeout: 2_000,
    reconnect: false,
  });
  connections.push(connection);
  return connection;
}

const bucketOf = async (role: string) =>
  (await as(role)).jetstream({ timeout: 1_500 }).views.kv(statusBucket.name, { ttl: statusBucket.ttlMs });
const subject = 'clrk.invocations.default.TaskAgent.hello';

describe('rights of the roles', () => {
  it.each(Object.keys(rolePermissions))('%s opens and watches the status bucket', async (role) => {
    const bucket = await bucketOf(role);
    const watch = await bucket.watch();
    watch.stop();
    await expect(bucket.get('worker.a.b.c')).resolves.toBeNull();
  });

  it.each([
    ['worker', 'worker.ns.pool.pod', true],
    ['egress', 'egress.ns.gw.pod', true],
    ['ingress', 'ingress.ns.pod', true],
    ['worker', 'egress.ns.gw.pod', false],
    ['egress', 'worker.ns.pool.pod', false],
    ['ingress', 'worker.ns.pool.pod', false],
    ['operator', 'worker.ns.pool.pod', false],
    ['telemetry', 'worker.ns.pool.pod', false],
  ])('S13: %s writing %s is allowed: %s', async (role, key, allowed) => {
    const put = (await bucketOf(role)).put(key, 'x');
    if (allowed) await expect(put).resolves.toBeGreaterThan(0);
    else await expect(put).rejects.toThrow();
  });

  it.each([
    ['worker', true],
    ['ingress', true],
    ['telemetry', true],
    ['egress', false],
    ['operator', false],
  ])('%s publishing an invocation is allowed: %s', async (role, allowed) => {
    const published = (await as(role))
      .jetstream({ timeout: 1_500 })
      .publish(subject, 'x', { msgID: `${role}/terminal` });
    if (allowed) await expect(published).resolves.toMatchObject({ stream: invocationStream.name });
    else await expect(published).rejects.toThrow();
  });

  it('telemetry makes its consumer, reads and acknowledges', async () => {
    const connection = await as('telemetry');
    const manager = await connection.jetstreamManager();
    await manager.consumers.add(invocationStream.name, {
      durable_name: invocationStream.consumer,
      ack_policy: 'explicit' as never,
    });
    const consumer = await connection
      .jetstream()
      .consumers.get(invocationStream.name, invocationStream.consumer);
    await connection.jetstream().publish(subject, 'y');
    const message = await consumer.next({ expires: 2_000 });
    expect(await message?.ackAck()).toBe(true);
  });

  it.each(['worker', 'ingress', 'egress', 'operator'])(
    '%s can neither delete nor purge a stream',
    async (role) => {
      const connection = await as(role);
      for (const verb of ['DELETE', 'PURGE']) {
        await expect(
          connection.request(`$JS.API.STREAM.${verb}.${invocationStream.name}`, '', { timeout: 500 }),
        ).rejects.toThrow();
      }
    },
  );

  it('S51: nobody comes in without a password, or with a wrong one', async () => {
    await expect(as('worker', 'guess')).rejects.toThrow();
    await expect(
      connect({ servers: `127.0.0.1:${port}`, timeout: 2_000, reconnect: false }),
    ).rejects.toThrow();
  });
});

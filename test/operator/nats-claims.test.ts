/** Who NATS lets in, changed while it runs: a new pool at once, a deleted one no more, also after a restart of the server. */
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TenantIdentity } from '../../contract/index.ts';
import { NatsClaims } from '../../operator/nats-claims.ts';
import { connectNats, createLog } from '../../process/index.ts';
import { TestNats } from '../process/nats-server.ts';

const log = createLog('operator', { CLRK_LOG_LEVEL: 'silent' });
const soon = { timeout: 15_000, interval: 50 };
const pool: TenantIdentity = { role: 'worker', namespace: 'a', name: 'p', uid: 'u1' };
const gateway: TenantIdentity = { role: 'egress', namespace: 'a', name: 'g', uid: 'u2' };
const nats = new TestNats();
const connections: NatsConnection[] = [];
let reconnects = 0;
const claims = new NatsClaims({ access: () => nats.claimsAccess, log, onReconnect: () => (reconnects += 1) });
let second = Math.floor(Date.now() / 1_000);

async function push(...tenants: readonly TenantIdentity[]): Promise<void> {
  await claims.push(nats.keys.tenantsJwt(tenants, (second += 1)));
}

async function dial(identity: TenantIdentity): Promise<NatsConnection> {
  const connection = await connectNats(nats.accessOf(identity), { name: 'test', log });
  connections.push(connection);
  return connection;
}

beforeAll(async () => await nats.start(), 60_000);

afterAll(async () => {
  await claims[Symbol.asyncDispose]();
  await Promise.all(connections.map(async (connection) => await connection.close()));
  await nats[Symbol.asyncDispose]();
});

describe('claims of pools and gateways', () => {
  it('nobody is let in before it was said', async () => {
    await expect(dial(pool)).rejects.toThrow(/authoriz/i);
  });

  it('a new pool is let in without a restart, a namesake of another UID is not', async () => {
    await push(pool, gateway);
    const connection = await dial(pool);
    await connection.flush();
    await expect(dial({ ...pool, uid: 'other' })).rejects.toThrow(/authoriz/i);
  });

  it('a deleted one is cut off at once and stays out; the others go on', async () => {
    const [gone, stays] = [await dial(pool), await dial(gateway)];
    const closed = vi.fn();
    void gone.closed().then(closed);
    await push(gateway);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), soon);
    await stays.flush();
    expect(stays.isClosed()).toBe(false);
    await expect(dial(pool)).rejects.toThrow(/authoriz/i);
  });

  it('stays out after the server was restarted with the configuration it began with', async () => {
    await nats.kill();
    await nats.start();
    await vi.waitFor(async () => await dial(gateway), soon);
    await expect(dial(pool)).rejects.toThrow(/authoriz/i);
    await vi.waitFor(() => expect(reconnects).toBeGreaterThan(0), soon);
    await push(pool);
    await dial(pool);
  }, 40_000);

  it('believes no claims of another installation, nor lets a tenant push any', async () => {
    const foreign = new TestNats().keys.tenantsJwt([pool], second + 10);
    await claims.push(foreign).catch(() => undefined);
    const tenant = await dial(pool);
    await expect(tenant.request('$SYS.REQ.CLAIMS.UPDATE', foreign, { timeout: 500 })).rejects.toThrow();
  });
});

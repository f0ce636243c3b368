/** A real nats-server with the budgets' bucket, and ledgers of two gateways that speak to it as themselves. */
import type { NatsConnection } from 'nats';
import type { TenantIdentity } from '../../../contract/index.ts';
import { NatsLedger } from '../../../egress/budget/nats-ledger.ts';
import { connectNats, createLog, ensureNamespaceBucket } from '../../../process/index.ts';
import { TestNats } from '../../process/nats-server.ts';

const log = createLog('egress', { CLRK_LOG_LEVEL: 'silent' });
const namespace = 'team-a';
const tenantOf = (name: string): TenantIdentity => ({ role: 'egress', namespace, name, uid: `u-${name}` });

export class NatsGateways {
  readonly #nats = new TestNats({ tls: true, tenants: ['one', 'two'].map(tenantOf) });
  readonly #connections: NatsConnection[] = [];

  async start(): Promise<void> {
    await this.#nats.start();
    const operator = await connectNats(this.#nats.accessOf({ role: 'operator' }), { name: 'test', log });
    this.#connections.push(operator);
    await ensureNamespaceBucket(operator, 'budgets', namespace);
  }

  async ledger(name: 'one' | 'two'): Promise<NatsLedger> {
    const connection = await connectNats(this.#nats.accessOf(tenantOf(name)), { name: 'test', log });
    this.#connections.push(connection);
    return new NatsLedger(namespace, () => connection);
  }

  /** Its disk stays. */
  async killAndStart(): Promise<void> {
    await this.#nats.kill();
    await this.#nats.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.#nats[Symbol.asyncDispose]();
  }
}

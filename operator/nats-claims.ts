/**
 * Tells the running NATS which pools and gateways there are: it lets in these and no others, and ends the connections of one
 * that is gone. Apart from the operator because it is a connection of its own, as a user of the server's own account.
 */
import type { NatsConnection } from 'nats';
import { ClrkError, claimsUpdateSubject, errorMessage } from '../contract/index.ts';
import { connectNats, type Log, type NatsAccess } from '../process/index.ts';

export interface ClaimsSink {
  /** Resolves when the server has taken them; rejects otherwise. */
  push(claims: string): Promise<void>;
}

export interface NatsClaimsOptions {
  /** Read for each connection: the keys may be rotated. Throws while there is no CA. */
  readonly access: () => NatsAccess;
  readonly log: Log;
  /** The server is there again, perhaps with older claims: they are to be pushed once more. */
  readonly onReconnect: () => void;
}

const pushTimeoutMs = 5_000;

export class NatsClaims implements ClaimsSink, AsyncDisposable {
  readonly #options: NatsClaimsOptions;
  #open: { readonly key: string; readonly connection: Promise<NatsConnection> } | undefined;

  constructor(options: NatsClaimsOptions) {
    this.#options = options;
  }

  async push(claims: string): Promise<void> {
    const connection = await this.#connection();
    const answer = await connection.request(claimsUpdateSubject, claims, { timeout: pushTimeoutMs });
    const { error } = answer.json<{ error?: { description?: string } }>();
    if (error === undefined) return;
    throw new ClrkError(
      'NATS_CLAIMS_REFUSED',
      `NATS refused new claims: ${error.description ?? 'no reason given'}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #connection(): Promise<NatsConnection> {
    const access = this.#options.access();
    const key = JSON.stringify(access);
    if (this.#open?.key !== key) {
      await this.#close();
      this.#open = { key, connection: this.#connect(access) };
    }
    const { connection } = this.#open;
    return await connection.catch((thrown: unknown) => {
      this.#open = undefined;
      throw thrown;
    });
  }

  async #connect(access: NatsAccess): Promise<NatsConnection> {
    const { log, onReconnect } = this.#options;
    const connection = await connectNats(access, { name: 'clrk-operator claims', log });
    void (async () => {
      for await (const { type } of connection.status()) if (type === 'reconnect') onReconnect();
    })().catch((thrown: unknown) =>
      log.warn({ error: errorMessage(thrown) }, 'claims connection not followed'),
    );
    void connection.closed().then(() => (this.#open = undefined));
    return connection;
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.connection.then(
      async (connection) => await connection.close(),
      () => undefined,
    );
  }
}

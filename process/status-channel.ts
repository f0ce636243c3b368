/**
 * How a pool or a gateway reports itself and hears of gateways: plain messages on the status bucket's subjects. It is let
 * near no JetStream API, so it cannot read the bucket; who wants to know now says hello, and gateways speak again. Apart
 * from StatusBucket, which is how the platform's own roles see everyone.
 */
import { headers, type Msg, type NatsConnection } from 'nats';
import { helloSubject, statusSubject } from '../contract/index.ts';
import type { StatusEntry, StatusSource, StatusSink } from './status-bucket.ts';

/** As KV marks a deleted key. */
const operationHeader = 'KV-Operation';
const publishTimeoutMs = 5_000;
/** On what JetStream's reading of one key answers with. */
const readHeader = 'Nats-Stream';
/** Hellos of a whole namespace are one answer. */
const helloEveryMs = 500;

export class StatusChannel implements StatusSink, StatusSource {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  async put(key: string, value: string): Promise<void> {
    await this.#connection
      .jetstream()
      .publish(`${statusSubject}.${key}`, value, { timeout: publishTimeoutMs });
  }

  async delete(key: string): Promise<void> {
    const marked = headers();
    marked.set(operationHeader, 'DEL');
    await this.#connection
      .jetstream()
      .publish(`${statusSubject}.${key}`, '', { headers: marked, timeout: publishTimeoutMs });
  }

  /** Calls back with each word under `prefix` from now on; records that stand are asked for by `hello`. */
  watch(prefix: string, onEntry: (entry: StatusEntry) => void): void {
    const head = `${statusSubject}.`;
    this.#connection.subscribe(`${head}${prefix.replace(/\.$/, '')}.>`, {
      callback: (error, message) => {
        if (error !== null) return;
        const key = message.subject.slice(head.length);
        if (!saidByItsWriter(key, message)) return;
        const isPut = (message.headers?.get(operationHeader) ?? '') === '';
        onEntry(isPut ? { key, value: message.string() } : { key });
      },
    });
  }

  /** Asks the gateways of a namespace for their word. */
  hello(namespace: string): void {
    this.#connection.publish(helloSubject(namespace));
  }

  /** Calls back when somebody of the namespace asks, at most so often. */
  onHello(namespace: string, run: () => void): void {
    let calledAt = Number.NEGATIVE_INFINITY;
    let waiting: NodeJS.Timeout | undefined;
    const call = (): void => {
      waiting = undefined;
      calledAt = performance.now();
      run();
    };
    this.#connection.subscribe(helloSubject(namespace), {
      callback: (error) => {
        if (error !== null || waiting !== undefined) return;
        const left = calledAt + helloEveryMs - performance.now();
        if (left <= 0) call();
        else waiting = setTimeout(call, left).unref();
      },
    });
  }
}

/**
 * The server lets anybody name any subject as where the answer to its question goes, so an answer with text that a tenant wrote
 * under its own keys can come in here under another's. A word that was published under the key asks for an acknowledgement in an
 * inbox of its writer's, `<role>.<namespace>.<name>` as the key begins; an answer asks for none.
 */
function saidByItsWriter(key: string, { reply = '', headers: told }: Msg): boolean {
  const writer = key.split('.').slice(0, 3).join('.');
  return reply.startsWith(`_INBOX.${writer}.`) && told?.has(readHeader) !== true;
}

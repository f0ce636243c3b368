/**
 * How a pool or a gateway reports itself and hears of gateways: plain messages on the status bucket's subjects. It is let
 * near no JetStream API, so it cannot read the bucket; who wants to know now says hello, and gateways speak again. Apart
 * from StatusBucket, which is how the platform's own roles see everyone.
 */
import { createInbox, headers, type Msg, type NatsConnection } from 'nats';
import { helloSubject, natsToken, statusSubject } from '../contract/index.ts';
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
  readonly #onBroken: (thrown: unknown) => void;

  /** `onBroken`: what somebody said made a listener throw. It is dropped, and the channel goes on. */
  constructor(connection: NatsConnection, onBroken: (thrown: unknown) => void = () => undefined) {
    this.#connection = connection;
    this.#onBroken = onBroken;
  }

  /**
   * What is thrown in a callback of the connection would end its reading, and in a timer the process: everybody's, over bytes of
   * somebody else.
   */
  #guard<A extends unknown[]>(handler: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        handler(...args);
      } catch (thrown) {
        this.#onBroken(thrown);
      }
    };
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
    const heard = this.#guard((message: Msg) => {
      const key = message.subject.slice(head.length);
      if (!saidByItsWriter(key, message)) return;
      const isPut = (message.headers?.get(operationHeader) ?? '') === '';
      onEntry(isPut ? { key, value: message.string() } : { key });
    });
    this.#connection.subscribe(`${head}${prefix.replace(/\.$/, '')}.>`, {
      callback: (error, message) => {
        if (error === null) heard(message);
      },
    });
  }

  /** Asks the gateways of a namespace for their word. `inbox`: of who asks, by which it is known. */
  hello(namespace: string, inbox: string): void {
    this.#connection.publish(helloSubject(namespace), undefined, { reply: createInbox(inbox) });
  }

  /** Calls back when a pool of the namespace asks, at most so often. */
  onHello(namespace: string, run: () => void): void {
    let calledAt = Number.NEGATIVE_INFINITY;
    let waiting: NodeJS.Timeout | undefined;
    const call = this.#guard((): void => {
      waiting = undefined;
      calledAt = performance.now();
      run();
    });
    const asker = `_INBOX.worker.${natsToken(namespace)}.`;
    this.#connection.subscribe(helloSubject(namespace), {
      callback: (error, message) => {
        // An answer to another's question, sent here, has no inbox: whoever asks has the right to, and says where it is.
        if (error !== null || waiting !== undefined || message.reply?.startsWith(asker) !== true) return;
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

/**
 * The places of events as manifests want them, kept in NATS: made again when it comes back, perhaps without its disk. One namespace's
 * that cannot be made, or that take long, never keep another's from being made. And what ingresses say of events that were given up, for those who tell it on the agents.
 */
import type { NatsConnection } from 'nats';
import { deadHeader, deadSubjects, errorMessage, eventBounds } from '../contract/index.ts';
import { ensureEvents, type Log, type WantedTrigger } from '../process/index.ts';
import type { Server } from './namespace-buckets.ts';
import { untilDone } from './until-done.ts';

/** An event an agent could not take. */
export interface DeadEvent {
  readonly namespace: string;
  readonly agent: string;
  readonly subject: string;
  readonly reason: string;
  readonly failures: string;
  readonly deliveries: string;
  readonly invocation: string;
}

const idOf = (wanted: readonly WantedTrigger[]): string =>
  JSON.stringify(
    wanted.map(({ uid, subject, maxConcurrent }) => JSON.stringify([uid, subject, maxConcurrent])).sort(),
  );

export class EventPlaces {
  readonly #wanted = new Map<string, readonly WantedTrigger[]>();
  /** By namespace: what stands there. */
  readonly #kept = new Map<string, string>();
  /** Those that are being tried again. */
  readonly #trying = new Set<string>();

  /** Undefined: they are there; else why not. Never rejects. */
  async keep(
    connection: NatsConnection | undefined,
    namespace: string,
    wanted: readonly WantedTrigger[],
  ): Promise<string | undefined> {
    this.#wanted.set(namespace, wanted);
    if (this.#kept.get(namespace) === idOf(wanted)) return undefined;
    if (connection === undefined) return 'NATS is not connected';
    return await this.#make(connection, namespace).then(
      () => undefined,
      (thrown: unknown) => errorMessage(thrown),
    );
  }

  isKept(namespace: string, uid: string, subject: string): boolean {
    const wanted = this.#wanted.get(namespace) ?? [];
    return (
      this.#kept.get(namespace) === idOf(wanted) &&
      wanted.some((each) => each.uid === uid && each.subject === subject)
    );
  }

  /** It hears as many as a namespace may have. */
  isFull(namespace: string): boolean {
    const wanted = this.#wanted.get(namespace) ?? [];
    return wanted.length >= eventBounds.namespaceTriggers && this.#kept.get(namespace) === idOf(wanted);
  }

  /** NATS came back: what it has may be older, or nothing. Never rejects; resolves when each was tried. */
  async again(server: Server): Promise<void> {
    this.#kept.clear();
    // Those with few first: whoever has hundreds keeps nobody else waiting.
    const few = [...this.#wanted].sort(([, a], [, b]) => a.length - b.length);
    for (const [namespace] of few) await this.#remake(server, namespace);
  }

  async #remake(server: Server, namespace: string): Promise<void> {
    if (this.#trying.has(namespace)) return;
    const make = async (): Promise<void> => await this.#make(server.connection, namespace);
    try {
      await make();
    } catch (thrown) {
      const whenNot = 'events of a namespace have no place yet, trying again';
      server.log.warn({ error: errorMessage(thrown), namespace }, whenNot);
      this.#trying.add(namespace);
      void untilDone(make, whenNot, server).then(() => this.#trying.delete(namespace));
    }
  }

  /** As it is wanted now. Rejects where it could not. */
  async #make(connection: NatsConnection, namespace: string): Promise<void> {
    const wanted = this.#wanted.get(namespace) ?? [];
    await ensureEvents(connection, namespace, wanted);
    this.#kept.set(namespace, idOf(wanted));
  }
}

/** Until the connection is closed. Never throws. */
export function hearDeadEvents(connection: NatsConnection, tell: (dead: DeadEvent) => void, log: Log): void {
  connection.subscribe(deadSubjects, {
    callback: (error, { subject, headers }) => {
      if (error !== null) return;
      try {
        const [, , , , ...rest] = subject.split('.');
        const said = (name: string): string => headers?.get(name) ?? '';
        const [namespace = '', agent = ''] = said(deadHeader.agent).split('/');
        const told = {
          reason: said(deadHeader.reason),
          failures: said(deadHeader.failures),
          deliveries: said(deadHeader.deliveries),
        };
        tell({ namespace, agent, subject: rest.join('.'), ...told, invocation: said(deadHeader.invocation) });
      } catch (thrown) {
        log.error({ subject, error: errorMessage(thrown) }, 'an event that was given up is not told');
      }
    },
  });
}

/** Events in NATS. Apart because everything else about them needs no server. */
import { createInbox, headers as newHeaders, nanos, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import {
  againSubject,
  deadHeader,
  deadSubject,
  eventConsumer,
  eventStream,
  eventSubject,
  inboxOf,
  retryConsumer,
  retryHeader,
  retryStream,
  retrySubject,
} from '../contract/index.ts';
import type { Delivery, EventMessage, EventSource, Retry, TriggerRef } from './event-source.ts';

/** One ask for the next event waits so long at the server. */
const pullMs = 25_000;
const timeoutMs = 2_000;

type Connection = () => NatsConnection | undefined;

export function natsEvents(connection: Connection): EventSource {
  return {
    next: async (trigger, signal) => {
      const { namespace, uid, subject } = trigger;
      const place = `${eventStream(namespace)}.${eventConsumer(uid, subject)}`;
      const read = (taken: Taken): Delivery => deliveryOf(taken, trigger);
      return await pull(connection(), place, { read, signal });
    },
    publish: async (namespace, event, id) => {
      const told = headersOf(event);
      if (id !== undefined) told.set('Nats-Msg-Id', id);
      const subject = eventSubject(namespace, event.subject);
      return (await stored(connection(), subject, { data: event.data, headers: told })) ? 'taken' : 'full';
    },
    retry: async ({ namespace, uid, subject }, delivery, { failures, delayMs }) => {
      const told = headersOf(delivery);
      told.set(retryHeader.id, delivery.id);
      told.set(retryHeader.subject, delivery.subject);
      told.set(retryHeader.failures, String(failures));
      told.set(retryHeader.deliveries, String(delivery.deliveries));
      told.set(retryHeader.delayMs, String(delayMs));
      const consumer = eventConsumer(uid, subject);
      // Said again because nobody answered, it is one.
      told.set('Nats-Msg-Id', `${consumer}.${delivery.id}.${failures}`);
      return await stored(connection(), retrySubject(namespace, consumer), {
        ...{ data: delivery.data, headers: told },
      });
    },
    nextRetry: async (namespace, signal) => {
      const place = `${retryStream(namespace)}.${retryConsumer}`;
      return await pull(connection(), place, { read: (taken) => retryOf(taken, namespace), signal });
    },
    bury: async ({ namespace, agent, reason, failures, deliveries, invocation, ...event }) => {
      const told = headersOf(event);
      told.set(deadHeader.agent, `${namespace}/${agent}`);
      told.set(deadHeader.reason, reason);
      told.set(deadHeader.failures, String(failures));
      told.set(deadHeader.deliveries, String(deliveries));
      told.set(deadHeader.invocation, invocation);
      const subject = deadSubject(namespace, agent, event.subject);
      return await stored(connection(), subject, { data: event.data, headers: told });
    },
  };
}

/** What its producer says; nothing of what was said of it here before. */
function headersOf({ headers }: Pick<EventMessage, 'headers'>): MsgHdrs {
  const told = newHeaders();
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'content-type' || name.startsWith('ce-')) told.set(name, value);
  }
  return told;
}

async function stored(
  connection: NatsConnection | undefined,
  subject: string,
  { data, headers }: { readonly data: Uint8Array; readonly headers: MsgHdrs },
): Promise<boolean> {
  try {
    const answer = await connection?.request(subject, data, { headers, timeout: timeoutMs });
    return answer !== undefined && answer.json<{ error?: object }>().error === undefined;
  } catch {
    return false;
  }
}

interface Taken {
  readonly connection: NatsConnection;
  readonly message: Msg;
  readonly place: PlaceOf;
}

async function pull<T>(
  connection: NatsConnection | undefined,
  place: string,
  { read, signal }: { readonly read: (taken: Taken) => T; readonly signal: AbortSignal },
): Promise<T | 'none' | 'away'> {
  if (connection === undefined || connection.isClosed()) return 'away';
  // An inbox of its own: what comes keeps the subject it was published on, which shared inboxes go by. And without it the server
  // gives nothing more to who has stopped.
  const inbox = createInbox(inboxOf({ role: 'ingress' }));
  const subscription = connection.subscribe(inbox, { max: 1, timeout: pullMs + timeoutMs });
  const stop = (): void => subscription.unsubscribe();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const ask = JSON.stringify({ batch: 1, expires: nanos(pullMs) });
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${place}`, ask, { reply: inbox });
    for await (const message of subscription) {
      const said = wordOf(message);
      return typeof said === 'string' ? said : read({ connection, message, place: said });
    }
    return 'away';
  } catch {
    return 'away';
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** Where in its stream a message is. */
interface PlaceOf {
  readonly deliveries: number;
  readonly sequence: string;
  readonly storedAt: number;
}

function wordOf({ headers, reply = '' }: Msg): PlaceOf | 'none' | 'away' {
  const code = headers?.code ?? 0;
  if (code === 408 || code === 404) return 'none';
  // 409: the consumer went, or holds as much as it may. 503: there is none.
  return code === 0 ? (placeIn(reply) ?? 'away') : 'away';
}

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<sequence of the consumer>.<ns>…`, or with domain and account before the stream. */
function placeIn(reply: string): PlaceOf | undefined {
  const parts = reply.split('.');
  const [count, sequence = '', , nanoseconds] = parts.slice(parts.length >= 11 ? 6 : 4);
  const [deliveries, storedAt] = [Number(count), Number(nanoseconds) / 1e6];
  const isPlace = Number.isSafeInteger(deliveries) && deliveries >= 1 && Number.isFinite(storedAt);
  return isPlace ? { deliveries, sequence, storedAt } : undefined;
}

/** Answered, so that whoever says it knows that it was heard. */
async function say({ connection, message: { reply = '' } }: Taken, word: string): Promise<boolean> {
  return await connection.request(reply, word, { timeout: timeoutMs }).then(
    () => true,
    () => false,
  );
}

const again = async (taken: Taken, delayMs: number): Promise<boolean> =>
  await say(taken, `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);

function headersIn({ headers }: Msg): Record<string, string> {
  return Object.fromEntries(
    (headers?.keys() ?? []).map((name) => [name.toLowerCase(), headers?.get(name) ?? '']),
  );
}

const countIn = (text: string | undefined): number => {
  const count = Number(text ?? '0');
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
};

function deliveryOf(taken: Taken, { namespace, uid, subject }: TriggerRef): Delivery {
  const { message, place } = taken;
  const headers = headersIn(message);
  // What is said of an event that is run again is believed there alone: nobody else publishes there.
  const isAgain = message.subject === againSubject(namespace, eventConsumer(uid, subject));
  const said = (name: string): string | undefined => (isAgain ? headers[name.toLowerCase()] : undefined);
  return {
    ...{ headers, data: message.data, tries: place.deliveries, storedAt: place.storedAt },
    id: said(retryHeader.id) ?? `${eventStream(namespace)}-${place.sequence}`,
    subject: said(retryHeader.subject) ?? message.subject.slice(eventSubject(namespace, '').length),
    failures: countIn(said(retryHeader.failures)),
    deliveries: countIn(said(retryHeader.deliveries)) + place.deliveries,
    renew: async () => await say(taken, '+WPI'),
    done: async () => await say(taken, '+ACK'),
    again: async (delayMs) => await again(taken, delayMs),
  };
}

function retryOf(taken: Taken, namespace: string): Retry {
  const { connection, message, place } = taken;
  const consumer = message.subject.slice(retrySubject(namespace, '').length);
  return {
    isNew: place.deliveries === 1,
    delayMs: countIn(message.headers?.get(retryHeader.delayMs)),
    again: async (delayMs) => await again(taken, delayMs),
    handOn: async () => {
      const told = newHeaders();
      for (const name of message.headers?.keys() ?? []) told.set(name, message.headers?.get(name) ?? '');
      told.set('Nats-Msg-Id', `again.${place.sequence}`);
      const isStored = await stored(connection, againSubject(namespace, consumer), {
        ...{ data: message.data, headers: told },
      });
      return isStored && (await say(taken, '+ACK'));
    },
  };
}

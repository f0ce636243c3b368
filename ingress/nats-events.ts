/** Events in NATS. Apart because everything else about them needs no server. */
import { createInbox, headers as newHeaders, nanos, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import {
  deadHeader,
  deadSubject,
  eventConsumer,
  eventStream,
  eventSubject,
  inboxOf,
} from '../contract/index.ts';
import type { Delivery, EventMessage, EventSource, TriggerRef } from './event-source.ts';

/** One ask for the next event waits so long at the server. */
const pullMs = 25_000;
const timeoutMs = 2_000;

type Connection = () => NatsConnection | undefined;

export function natsEvents(connection: Connection): EventSource {
  return {
    next: async (trigger, signal) => await pull(connection(), trigger, signal),
    publish: async (namespace, event, id) => {
      const told = headersOf(event);
      if (id !== undefined) told.set('Nats-Msg-Id', id);
      const subject = eventSubject(namespace, event.subject);
      return (await stored(connection(), subject, { data: event.data, headers: told })) ? 'taken' : 'full';
    },
    bury: async ({ namespace, agent, reason, deliveries, invocation, ...event }) => {
      const told = headersOf(event);
      told.set(deadHeader.agent, `${namespace}/${agent}`);
      told.set(deadHeader.reason, reason);
      told.set(deadHeader.deliveries, String(deliveries));
      told.set(deadHeader.invocation, invocation);
      const subject = deadSubject(namespace, agent, event.subject);
      return await stored(connection(), subject, { data: event.data, headers: told });
    },
  };
}

function headersOf({ headers }: EventMessage): MsgHdrs {
  const told = newHeaders();
  for (const [name, value] of Object.entries(headers)) told.set(name, value);
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

async function pull(
  connection: NatsConnection | undefined,
  trigger: TriggerRef,
  signal: AbortSignal,
): Promise<Delivery | 'none' | 'away'> {
  const { namespace, uid, subject } = trigger;
  const place = `${eventStream(namespace)}.${eventConsumer(uid, subject)}`;
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
    for await (const message of subscription) return readPulled(connection, message, trigger);
    return 'away';
  } catch {
    return 'away';
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function readPulled(
  connection: NatsConnection,
  message: Msg,
  trigger: TriggerRef,
): Delivery | 'none' | 'away' {
  const code = message.headers?.code ?? 0;
  if (code === 408 || code === 404) return 'none';
  // 409: the consumer went, or holds as much as it may. 503: there is none.
  return code === 0 ? (deliveryOf(connection, message, trigger) ?? 'away') : 'away';
}

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>…`, or with domain and account before the stream. */
function deliveryOf(
  connection: NatsConnection,
  message: Msg,
  { namespace }: TriggerRef,
): Delivery | undefined {
  const { reply = '', data } = message;
  const parts = reply.split('.');
  const at = parts.length >= 11 ? 4 : 2;
  const [deliveries, sequence] = [Number(parts[at + 2]), parts[at + 3] ?? ''];
  if (!Number.isSafeInteger(deliveries) || deliveries < 1) return undefined;
  // Answered, so that whoever says it knows that it was heard.
  const say = async (word: string): Promise<boolean> =>
    await connection.request(reply, word, { timeout: timeoutMs }).then(
      () => true,
      () => false,
    );
  const headers = Object.fromEntries(
    (message.headers?.keys() ?? []).map((name) => [name.toLowerCase(), message.headers?.get(name) ?? '']),
  );
  return {
    ...{ headers, data, deliveries, id: `${eventStream(namespace)}-${sequence}` },
    subject: message.subject.slice(eventSubject(namespace, '').length),
    renew: async () => await say('+WPI'),
    done: async () => await say('+ACK'),
    again: async (delayMs) => await say(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`),
  };
}

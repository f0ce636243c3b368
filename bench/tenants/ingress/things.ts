/** What callers and agents share in an ingress. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { keepAsking, numberAt, type Place, type SharedThing, type Tally } from '../shared-thing.ts';
import { callOnce, halfSend, honestCalls, hostileAddress, type Asked } from './caller.ts';
import { eventSubject, openIngressPart, silentPath, slowPath } from './ingress-part.ts';

const honestPath = '/agents/shop/hello/';
const hostilePath = '/agents/mall/hello';
const honest = honestCalls(() => ({ path: honestPath }));

/** Whole calls of the hostile tenant, counted by whether they were let in. */
function floodCalls(
  how: { readonly atOnce: number; readonly perSecond: number },
  asked: (index: number) => Omit<Asked, 'from'>,
): SharedThing['fill'] {
  return (place: Place, tally: Tally, signal: AbortSignal) => {
    let next = 0;
    return keepAsking(how, tally, signal, async () => {
      const index = (next += 1);
      return (await callOnce(place, { ...asked(index), from: hostileAddress(index) })) < 400;
    });
  };
}

/** Bodies of which so many bytes come, and never the end. */
function floodHalves(path: string, bytes: number): SharedThing['fill'] {
  return (place: Place, tally: Tally, signal: AbortSignal) => {
    let next = 0;
    return keepAsking({ atOnce: 64, perSecond: 400 }, tally, signal, () =>
      halfSend(place, { path, from: hostileAddress((next += 1)) }, { bytes, waitMs: 30 }),
    );
  };
}

const connections: SharedThing = {
  role: 'ingress',
  name: 'connections',
  hostile: 'opens connections from four addresses and says nothing',
  open: () => openIngressPart(),
  fill: (place, tally, signal) => {
    let next = 0;
    return keepAsking({ atOnce: 128, perSecond: 2_000 }, tally, signal, () => {
      const socket = connect({
        ...{ port: numberAt(place, 'port'), host: '127.0.0.1' },
        localAddress: '127.0.8.1',
      });
      next += 1;
      return new Promise((resolve) => {
        socket
          .on('error', () => undefined)
          .once('close', () => resolve(false))
          .resume();
        setTimeout(() => resolve(!socket.destroyed), 20);
      });
    });
  },
  honest,
};

const halfSent: SharedThing = {
  role: 'ingress',
  name: 'half-sent bodies',
  hostile: 'sends half of calls of its own agent',
  open: () => openIngressPart(),
  fill: floodHalves(`${hostilePath}/`, 4_000),
  honest,
};

const halfSentToOther: SharedThing = {
  role: 'ingress',
  name: 'half-sent bodies of one agent',
  hostile: 'sends half of calls of the honest tenant’s agent, from four addresses',
  open: () => openIngressPart(),
  fill: floodHalves(honestPath, 4_000),
  honest,
};

const calls: SharedThing = {
  role: 'ingress',
  name: 'calls under way',
  hostile: 'keeps 1,000 calls that take 300 ms under way',
  open: () => openIngressPart(),
  fill: floodCalls({ atOnce: 1_000, perSecond: 300 }, () => ({ path: `${hostilePath}${slowPath}` })),
  honest,
};

const outbox: SharedThing = {
  role: 'ingress',
  name: 'queue of events for the record',
  hostile: 'calls as fast as it can while NATS takes 200 ms for each event',
  open: () => openIngressPart({ natsIsLateMs: 200, outboxCapacity: 2_000 }),
  fill: floodCalls({ atOnce: 64, perSecond: 600 }, () => ({ path: `${hostilePath}/` })),
  honest,
};

const claims: SharedThing = {
  role: 'ingress',
  name: 'claims of ids',
  hostile: 'brings an id of its own with each of 200 calls a second',
  open: () => openIngressPart(),
  fill: floodCalls({ atOnce: 64, perSecond: 200 }, () => ({
    path: `${hostilePath}/`,
    headers: { 'x-clrk-invocation-id': randomUUID() },
  })),
  honest: honestCalls(() => ({
    path: honestPath,
    headers: { 'x-clrk-invocation-id': randomUUID() },
  })),
};

const deferred = { prefer: 'respond-async' };
const results: SharedThing = {
  role: 'ingress',
  name: 'calls nobody waits for, and their results',
  hostile: 'leaves calls that never end, beyond its share',
  open: () => openIngressPart(),
  fill: floodCalls({ atOnce: 16, perSecond: 200 }, () => ({
    path: `${hostilePath}${silentPath}`,
    headers: deferred,
  })),
  honest: honestCalls(() => ({ path: honestPath, headers: deferred }), 202),
};

const events: SharedThing = {
  role: 'ingress',
  name: 'event door',
  hostile: 'publishes events whose bodies do not end, to the honest tenant’s subject, from four addresses',
  open: () => openIngressPart(),
  fill: floodHalves(`/events/shop/${eventSubject}`, 1_000),
  honest: honestCalls(() => ({ path: `/events/shop/${eventSubject}`, body: '{"a":1}' }), 202),
};

export const ingressThings: readonly SharedThing[] = [
  connections,
  halfSent,
  halfSentToOther,
  calls,
  outbox,
  claims,
  results,
  events,
];

/** What sandboxes of one worker share: its network, its disk, the processors, and those who pull images for it. */
import { takeRefusedTraffic } from '../../../worker/network/refused-packet.ts';
import { keepAsking, numberAt, textAt, type SharedThing } from '../shared-thing.ts';
import { processors } from './processor-thing.ts';
import { pulls } from './pull-thing.ts';
import { state } from './state-thing.ts';
import { openSlotsPart } from './slots-part.ts';
import { SlotCaller } from './slot-caller.ts';

const connectTo = (ip: string, port: number, then: string): string => `() => new Promise((resolve) => {
  const socket = require('net').connect({ host: '${ip}', port: ${port} });
  const timer = setTimeout(() => { socket.destroy(); resolve(false); }, 2000);
  socket.on('error', () => { clearTimeout(timer); resolve(false); });
  socket.once('data', () => { clearTimeout(timer); ${then} resolve(true); });
})`;
/** Every answer is waited for so long, then it counts as refused. */
const askDns = `() => new Promise((resolve) => {
  const socket = require('dgram').createSocket('udp4');
  const end = (isIn) => { clearTimeout(timer); socket.close(); resolve(isIn); };
  const timer = setTimeout(() => end(false), 1000);
  socket.on('error', () => end(false)).once('message', () => end(true));
  socket.send('question', 53, '8.8.8.8');
})`;

/** From one port, as a resolver that keeps its socket does: from ever new ones it would spend its own share of flows, alone too. */
const askDnsFromOnePort = `(() => {
  const socket = require('dgram').createSocket('udp4');
  let told = () => undefined;
  socket.on('error', () => told(false)).on('message', () => told(true));
  return () => new Promise((resolve) => {
    const timer = setTimeout(() => told(false), 1000);
    told = (isIn) => { clearTimeout(timer); resolve(isIn); };
    socket.send('question', 53, '8.8.8.8');
  });
})()`;

function thing(
  name: string,
  hostile: string,
  how: { readonly perSecond: number; readonly fill: string; readonly call: string },
): SharedThing {
  return {
    role: 'worker',
    name,
    hostile,
    open: openSlotsPart,
    fill: async (place, tally, signal) => {
      const caller = SlotCaller.inNamespace(textAt(place, 'hostile'), how.fill);
      await keepAsking({ atOnce: 256, perSecond: how.perSecond }, tally, signal, () => caller.attempt());
    },
    honest: (place) => {
      const caller = SlotCaller.inNamespace(textAt(place, 'honest'), how.call);
      return Promise.resolve({
        call: async () => {
          if (!(await caller.attempt())) throw new Error('no answer');
        },
        [Symbol.asyncDispose]: () => caller.end(),
      });
    },
  };
}

/** Each time so many datagrams, to as many destinations that nobody has sent to. */
const askEverybody = `(() => {
  const socket = require('dgram').createSocket('udp4');
  let next = 0;
  return async () => {
    for (let sent = 0; sent < 50; sent += 1, next += 1)
      await new Promise((resolve) => socket.send('x', 443, '93.' + (next >> 16 & 255) + '.' + (next >> 8 & 255) + '.' + (next & 255), resolve));
    return true;
  };
})()`;
const askOne = `(() => {
  const socket = require('dgram').createSocket('udp4');
  return () => new Promise((resolve) => socket.send('x', 443, '203.0.113.1', (error) => resolve(!error)));
})()`;

const refusedPackets: SharedThing = {
  role: 'worker',
  name: 'refused packets',
  hostile:
    'sends 5,000 packets a second to ever new destinations; the honest one’s one is to be on its record',
  open: openSlotsPart,
  fill: async (place, tally, signal) => {
    const caller = SlotCaller.inNamespace(textAt(place, 'hostile'), askEverybody);
    await keepAsking({ atOnce: 4, perSecond: 100 }, tally, signal, () => caller.attempt());
  },
  honest: (place) => {
    const caller = SlotCaller.inNamespace(textAt(place, 'honest'), askOne);
    return Promise.resolve({
      call: async () => {
        await caller.attempt();
        const { packets } = await takeRefusedTraffic(textAt(place, 'router'), numberAt(place, 'honestIndex'));
        if (packets.length !== 1) throw new Error('its refused packet is not on its record');
      },
      [Symbol.asyncDispose]: () => caller.end(),
    });
  },
};

export const workerThings: readonly SharedThing[] = [
  thing('connections to gateways', 'opens 1,000 connections a second and keeps them', {
    perSecond: 1_000,
    fill: connectTo('93.184.216.34', 443, ''),
    call: connectTo('93.184.216.34', 443, 'socket.destroy();'),
  }),
  thing('connections to the metadata service', 'opens 1,000 connections a second and keeps them', {
    perSecond: 1_000,
    fill: connectTo('169.254.169.254', 80, ''),
    call: connectTo('169.254.169.254', 80, 'socket.destroy();'),
  }),
  thing('DNS', 'asks 2,000 questions a second from ever new ports', {
    perSecond: 2_000,
    fill: askDns,
    call: askDnsFromOnePort,
  }),
  refusedPackets,
  state,
  processors,
  pulls,
];

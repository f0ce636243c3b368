/** What agents share in a gateway. */
import { randomBytes } from 'node:crypto';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { keepAsking, type Place, type SharedThing, type Tally } from '../shared-thing.ts';
import { AgentClient, honestCalls, openHost, providerHost, silentPath } from './agent-client.ts';
import { openGatewayPart } from './gateway-part.ts';

const hostileOf = (place: Place): AgentClient => new AgentClient(place, 'other');

/** True while it stays open for so long: a refused one is closed at once. */
async function staysOpen(client: AgentClient, ms: number): Promise<boolean> {
  const socket = await client.connect(openHost);
  socket.resume();
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), ms);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}

const connections: SharedThing = {
  role: 'gateway',
  name: 'connections',
  hostile: 'opens connections and says nothing in them',
  open: () => openGatewayPart(),
  fill: (place, tally, signal) =>
    keepAsking({ atOnce: 64, perSecond: 400 }, tally, signal, () => staysOpen(hostileOf(place), 20)),
  honest: honestCalls(openHost, '/'),
};

function ask(session: ClientHttp2Session): Promise<boolean> {
  return new Promise((resolve) => {
    const stream = session.request({ ':method': 'GET', ':path': silentPath, ':authority': openHost });
    const timer = setTimeout(() => resolve(true), 100);
    const refused = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    stream.on('error', refused).on('response', refused).on('close', refused);
  });
}

const streams: SharedThing = {
  role: 'gateway',
  name: 'streams of HTTP/2',
  hostile: 'opens streams on 16 connections whose answers never come',
  open: () => openGatewayPart(),
  fill: async (place, tally, signal) => {
    const sessions: ClientHttp2Session[] = [];
    for (let index = 0; index < 16; index += 1) {
      const socket = await hostileOf(place).dial(openHost, 'h2');
      const session = connectHttp2(`https://${openHost}`, { createConnection: () => socket });
      sessions.push(session.on('error', () => undefined));
    }
    let next = 0;
    await keepAsking({ atOnce: 64, perSecond: 500 }, tally, signal, () => {
      const session = sessions[(next += 1) % sessions.length];
      return session === undefined || session.closed ? Promise.resolve(false) : ask(session);
    });
  },
  honest: honestCalls(openHost, '/'),
};

/** Sends most of a long request that is judged by its body, then nothing. */
async function holdBody(client: AgentClient, bytes: number): Promise<boolean> {
  const socket = await client.dial(providerHost);
  const start = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"`;
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${providerHost}\r\ncontent-type: application/json\r\ncontent-length: ${bytes + 1_000}\r\n\r\n${start}`,
  );
  const chunk = Buffer.alloc(256 * 1024, 'x');
  return new Promise((resolve) => {
    let isOver = false;
    const end = (isHeld: boolean): void => {
      isOver = true;
      resolve(isHeld);
    };
    socket.once('data', () => end(false)).once('close', () => end(false));
    let sent = 0;
    const send = (): void => {
      while (!isOver && sent < bytes) {
        sent += chunk.length;
        if (!socket.write(chunk)) return void socket.once('drain', send);
      }
      setTimeout(() => end(true), 200);
    };
    send();
  });
}

const bodies: SharedThing = {
  role: 'gateway',
  name: 'bodies held until they are judged',
  hostile: 'sends 16 MiB of a body each time and never its end',
  open: () => openGatewayPart(),
  fill: (place, tally, signal) =>
    keepAsking({ atOnce: 4, perSecond: 20 }, tally, signal, () =>
      holdBody(hostileOf(place), 16 * 1024 * 1024),
    ),
  honest: honestCalls(providerHost, '/v1/chat/completions'),
};

const nonces: SharedThing = {
  role: 'gateway',
  name: 'nonces of identity frames',
  hostile: 'connected 15,000 times within a minute, and goes on',
  open: () => openGatewayPart({ isNonceShareFull: true }),
  fill: (place, tally, signal) =>
    keepAsking({ atOnce: 32, perSecond: 400 }, tally, signal, () => staysOpen(hostileOf(place), 20)),
  honest: honestCalls(openHost, '/'),
};

/** Allowed calls one after another on so many connections, with bodies that are recorded. */
async function floodCalls(place: Place, tally: Tally, signal: AbortSignal, atOnce: number): Promise<void> {
  const client = hostileOf(place);
  const text = randomBytes(2_000).toString('hex');
  const body = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: text }] });
  const open = Array.from({ length: atOnce }, () => client.dial(providerHost));
  let next = 0;
  await keepAsking({ atOnce, perSecond: Infinity }, tally, signal, async () => {
    const index = (next += 1) % open.length;
    const socket = await open[index];
    if (socket === undefined || socket.destroyed) {
      open[index] = client.dial(providerHost);
      return false;
    }
    return (await client.ask(socket, providerHost, '/v1/chat/completions', body)) === 200;
  });
}

const records: SharedThing = {
  role: 'gateway',
  name: 'record outbox',
  hostile: 'makes allowed calls of 4 KB while telemetry is away',
  open: () => openGatewayPart({ telemetryIsAway: true }),
  fill: (place, tally, signal) => floodCalls(place, tally, signal, 16),
  honest: honestCalls(openHost, '/'),
};

const processor: SharedThing = {
  role: 'gateway',
  name: 'its processor',
  hostile: 'has 64 allowed calls of 4 KB under way all the time',
  open: () => openGatewayPart(),
  fill: (place, tally, signal) => floodCalls(place, tally, signal, 64),
  honest: honestCalls(openHost, '/'),
};

export const gatewayThings: readonly SharedThing[] = [
  connections,
  streams,
  bodies,
  nonces,
  records,
  processor,
];

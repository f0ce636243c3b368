/** Callers who begin and do not go on: what they hold is bounded, and others are served beside them. */
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { limits } from '../../ingress/limits.ts';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { agent, configWith, IngressBed } from './ingress-bed.ts';

const bed = new IngressBed();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Sends a head and so many bytes of a large body from this address, then nothing; what was answered is appended to `answers`. */
async function halfSend(
  bytes: number,
  peer: string,
  path = '/agents/shop/hello/',
): Promise<{ answer: string }> {
  const socket = connect({ port: bed.ingress.port, host: '127.0.0.1', localAddress: peer });
  sockets.push(socket);
  const heard = { answer: '' };
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (heard.answer += chunk.toString()));
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n`);
  socket.write(Buffer.alloc(bytes, 'x'));
  await new Promise((resolve) => socket.once('connect', resolve));
  return heard;
}

describe('half-sent bodies', () => {
  test('S54: of one agent hold its places with workers and no more; another agent is served', async () => {
    const worker = await bed.startWorker('w1');
    bed.ingress.configure(configWith([agent, { ...agent, name: 'honest', uid: 'u2' }]));
    const asked: string[] = [];
    worker.onHead = (request) => {
      if (request.headers['x-clrk-agent'] === 'TaskAgent/shop/honest') return false;
      asked.push('hostile');
      return true;
    };
    for (let index = 0; index < 40; index += 1) await halfSend(1_000, `127.0.3.${index + 1}`);
    await until('all have been looked at', () => bed.ingress.usage.halfSent === 40);
    await until('some are with a worker', () => asked.length === limits.uploads.agent);
    const answer = await call({ port: bed.ingress.port, path: '/agents/shop/honest/', body: 'quick' });
    expect([answer.status, answer.body]).toEqual([200, 'answer to quick']);
    expect(asked).toHaveLength(limits.uploads.agent);
  });

  test('S54: beyond an agent’s share are refused at once, and keep no memory; places come back', async () => {
    await bed.startWorker('w1').then((worker) => (worker.onHead = () => true));
    const heard: Array<{ answer: string }> = [];
    for (let index = 0; index < limits.halfSent.agent + 20; index += 1) {
      heard.push(await halfSend(16_000, `127.0.4.${(index % 200) + 1}`));
    }
    await until(
      'the rest is refused',
      () => heard.filter(({ answer }) => answer.includes('429')).length === 20,
    );
    expect(heard.find(({ answer }) => answer !== '')?.answer).toContain('"code":"TOO_MANY_UPLOADS"');
    expect(bed.ingress.usage.halfSent).toBe(limits.halfSent.agent);
    expect(bed.ingress.usage.keptBytes).toBeLessThanOrEqual(limits.halfSent.agent * limits.keptBytes.call);
    for (const socket of sockets) socket.destroy();
    await until('all is given back', () => bed.ingress.usage.halfSent + bed.ingress.usage.uploads === 0);
    await until('nothing is kept', () => bed.ingress.usage.keptBytes === 0);
  });

  test('S54: of an agent’s places strangers from a few addresses leave some to its own callers', async () => {
    await bed
      .startWorker('w1')
      .then((worker) => (worker.onHead = (request) => request.headers['x-own'] !== 'yes'));
    const heard: Array<{ answer: string }> = [];
    for (let index = 0; index < limits.halfSent.agent + 40; index += 1)
      heard.push(await halfSend(1_000, `127.0.6.${(index % 4) + 1}`));
    await until('some are refused', () => heard.filter(({ answer }) => answer.includes('429')).length >= 40);
    const headers = { 'x-own': 'yes' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => call({ port: bed.ingress.port, body: 'quick', headers })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  test('S54: a peer has its share of connections, another address gets in', async () => {
    await bed.startWorker('w1');
    const idle = Array.from({ length: limits.connections.peer + 5 }, () => {
      const socket = connect({ port: bed.ingress.port, host: '127.0.0.1', localAddress: '127.0.5.1' });
      socket.on('error', () => undefined);
      sockets.push(socket);
      return socket;
    });
    let closed = 0;
    for (const socket of idle) socket.once('close', () => (closed += 1)).resume();
    await until('those beyond are closed', () => closed >= 5);
    // Those alone: all of them would be closed in time, for want of a head.
    expect(closed).toBeLessThan(100);
    expect((await call({ port: bed.ingress.port })).status).toBe(200);
  });
});

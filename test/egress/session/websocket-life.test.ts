/** How long a WebSocket lives: as long as something passes, and as its policy allows. */
import { afterEach, expect, test } from 'vitest';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';

const host = 'files.example.com';
const masked = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]).toString('latin1');
let bed: GatewayBed;
afterEach(() => bed.close());

test('S36: a busy WebSocket outlives every time-out of HTTP, and ends at once when its route goes', async () => {
  bed = await openGatewayBed({
    serve: (socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
        socket.on('data', () => socket.write(Buffer.from([0x81, 2, 0x68, 0x69])));
      });
    },
  });
  bed.configure((ip, port) => createConfig(ip, port));
  const agent = await bed.dial(host);
  const upgrade = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  await converse(agent, upgrade, (text) => text.includes('\r\n\r\n'));
  for (let minute = 0; minute < 8; minute += 1) {
    bed.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await converse(agent, masked, (text) => text.length === 4)).toBe('\x81\x02hi');
  }
  bed.configure((ip, port) => {
    const config = createConfig(ip, port);
    const rules = config.destinations.rules.slice(0, 1);
    return { ...config, destinations: { ...config.destinations, rules } };
  });
  await until(() => agent.destroyed && bed.upstreamOpen() === 0, 'both ends');
  expect(bed.records.at(-1)?.attributes['error.type']).toBe('POLICY_CHANGED');
});

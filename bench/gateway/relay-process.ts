/**
 * The floor under any gateway in Node: TLS ended on both sides and the bytes passed on unread, one upstream connection a
 * client. What the gateway costs beyond this is what it does; what it cannot go below is this. Never a product.
 */
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:tls';
import type { BenchGateway } from './gateway-process.ts';

const input = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as BenchGateway & {
  readonly relayPort: number;
  readonly originIp: string;
};

createServer({ cert: input.leaf.certificatePem, key: input.leaf.privateKeyPem }, (agent) => {
  const { hostname, originIp, upstreamPort } = input;
  // The bench's own origin on this machine: whose certificate it is does not matter to what is measured.
  const upstream = connect({
    host: originIp,
    port: upstreamPort,
    servername: hostname,
    rejectUnauthorized: false,
  });
  for (const [from, to] of [
    [agent, upstream],
    [upstream, agent],
  ] as const) {
    from.setNoDelay(true);
    from.on('data', (bytes: Buffer) => to.write(bytes));
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
  }
}).listen(input.relayPort, '127.0.0.1', 4096);

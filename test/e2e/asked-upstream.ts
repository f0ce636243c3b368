/** The other side of calls that wait for a person: a host with pages and an MCP server, which remembers what arrived. */
import { createServer, type Server } from 'node:https';
import { keptCa } from '../../local/control-plane/certificates.ts';
import { issueLeaf } from '../../pki/index.ts';
import { runCommand } from './clrk-command.ts';
import type { DevPlatform } from './dev-platform.ts';

/** Not the stand-in's, and nobody else's. */
export const upstreamAddress = '198.51.100.252';
export const pageHost = 'pages.example.com';
export const toolHost = 'tools.example.com';

export class AskedUpstream implements Disposable {
  readonly #server: Server;
  /** `METHOD host/path body`, in the order they came. */
  readonly received: readonly string[];

  private constructor(server: Server, received: readonly string[]) {
    this.#server = server;
    this.received = received;
  }

  static async open(platform: DevPlatform): Promise<AskedUpstream> {
    const ca = keptCa(platform.home.pki, 'provider-ca');
    const dnsNames = [pageHost, toolHost];
    const leaf = issueLeaf({
      ca,
      commonName: 'asked',
      dnsNames,
      ips: [],
      ttlMs: 3_600_000,
      usage: 'server',
    });
    const received: string[] = [];
    const server = createServer(
      { cert: `${leaf.certificatePem}\n${ca.certificatePem}`, key: leaf.privateKeyPem },
      (request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
        request.on('end', () => {
          const { method = '', headers, url = '' } = request;
          received.push(`${method} ${headers.host ?? ''}${url} ${body}`.trim());
          const { id = null } = body === '' ? {} : (JSON.parse(body) as { id?: unknown });
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [], sent: true } }));
        });
      },
    );
    await runCommand('ip', ['address', 'add', `${upstreamAddress}/32`, 'dev', 'lo']);
    await new Promise<void>((resolve) => server.listen(443, upstreamAddress, resolve));
    return new AskedUpstream(server, received);
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

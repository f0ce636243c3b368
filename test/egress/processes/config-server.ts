/** What a gateway asks of a Kubernetes API server, and nothing else: its config's Secret, and each new one. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { configSecretKey, encodeConfig, type GatewayConfig } from '../../../contract/index.ts';

export const secretName = 'config';

export class ConfigServer {
  readonly #server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    if (url.searchParams.get('watch') === 'true') {
      this.#watches.add(response);
      response.once('close', () => this.#watches.delete(response));
      this.#tell(response);
    } else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.#secret));
  });
  readonly #watches = new Set<ServerResponse>();
  #secret: object = {};

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  put(config: GatewayConfig): void {
    const { bytes } = encodeConfig<GatewayConfig>(config);
    this.#secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secretName },
      data: { [configSecretKey]: bytes.toString('base64') },
    };
    for (const watch of this.#watches) this.#tell(watch);
  }

  #tell(watch: ServerResponse): void {
    watch.write(`${JSON.stringify({ type: 'MODIFIED', object: this.#secret })}\n`);
  }

  get kubeconfig(): string {
    const { port } = this.#server.address() as AddressInfo;
    const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
    return JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'x' },
      clusters: [{ name: 'x', cluster }],
      users: [{ name: 'x', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    });
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

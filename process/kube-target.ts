/**
 * Where and by what credentials the Kubernetes API is asked, for whoever speaks plain HTTP to it. Apart because the operator's client
 * and roles that only ask must not differ in it. It must never log: tokens pass through here.
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type Agent, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { ClrkError } from '../contract/index.ts';

export interface KubeTargetOptions {
  /** The kubeconfig of now: tokens and authorities may change in place. */
  readonly config: () => KubeConfig;
  /** Connections at a time. */
  readonly maxSockets: number;
}

export interface KubeRequest {
  readonly options: RequestOptions;
  readonly send: typeof httpsRequest;
}

export class KubeTarget {
  readonly #config: () => KubeConfig;
  readonly #maxSockets: number;
  #kept: { readonly trust: string; readonly agent: Agent } | undefined;

  constructor({ config, maxSockets }: KubeTargetOptions) {
    this.#config = config;
    this.#maxSockets = maxSockets;
  }

  /** `path`: from the server's root, with its query. Throws KUBECONFIG_INVALID. */
  async request(path: string, asked: RequestOptions): Promise<KubeRequest> {
    const config = this.#config();
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new ClrkError('KUBECONFIG_INVALID', 'kubeconfig names no cluster');
    const url = new URL(server.replace(/\/$/, '') + path);
    const options = { ...asked };
    await config.applyToHTTPSOptions(options);
    options.agent = this.#keptAgent(options);
    // A URL writes an IPv6 address in brackets, a socket does not.
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    return {
      options: { ...options, hostname, port: url.port, path: url.pathname + url.search },
      send: url.protocol === 'https:' ? httpsRequest : httpRequest,
    };
  }

  /** applyToHTTPSOptions makes a new agent each time; one agent a certificate keeps connections alive. */
  #keptAgent({ agent, cert, ca, rejectUnauthorized }: RequestOptions): Agent {
    const trust = JSON.stringify([String(cert ?? ''), String(ca ?? ''), rejectUnauthorized]);
    if (this.#kept?.trust !== trust) {
      this.#kept = {
        trust,
        agent: Object.assign(agent as Agent, { keepAlive: true, maxSockets: this.#maxSockets }),
      };
    }
    return this.#kept.agent;
  }
}

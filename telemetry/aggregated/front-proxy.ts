/**
 * The cluster's word on its front proxy, read from the ConfigMap every API server writes and read again every minute, or
 * when a certificate came that it does not explain. While it cannot be read the last one stays; before it was read nobody is
 * believed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../../contract/index.ts';
import type { KubeCaller, Log } from '../../process/index.ts';
import { parseRequestHeaderConfig, type RequestHeaderConfig } from './request-header.ts';

const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const everyMs = 60_000;
const retryMs = 2_000;
/** Strangers with certificates do not make us ask more often. */
const soonestMs = 5_000;

export class FrontProxy {
  readonly #call: KubeCaller;
  readonly #log: Log;
  #config: RequestHeaderConfig | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #problem = '';

  constructor(call: KubeCaller, log: Log) {
    this.#call = call;
    this.#log = log;
  }

  get config(): RequestHeaderConfig | undefined {
    return this.#config;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#read();
      const waitMs = this.#problem === '' ? everyMs : retryMs;
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** A certificate came that is not of the CA as it was read. */
  async refresh(): Promise<void> {
    if (performance.now() - this.#readAt > soonestMs) await this.#read();
  }

  async #read(): Promise<void> {
    this.#readAt = performance.now();
    try {
      const { status, body } = await this.#call({ method: 'GET', path });
      if (status !== 200) throw new Error(`the API server answered ${status}`);
      const { data } = body as { readonly data?: Readonly<Record<string, string>> };
      this.#config = parseRequestHeaderConfig(data ?? {});
      this.#problem = '';
    } catch (thrown) {
      const problem = errorMessage(thrown);
      if (problem !== this.#problem)
        this.#log.warn({ reason: problem }, 'the front proxy of the cluster is not known');
      this.#problem = problem;
    }
  }
}

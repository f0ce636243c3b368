/**
 * The local kube-proxy: keeps listeners and addresses as `computeForwarding` says. Changes are applied one after the
 * other; while the API server is away the last rules stay.
 */
import type { Log } from '../log.ts';
import { errorMessage } from '../../contract/index.ts';
import type { ApiClient } from '../kube/api-client.ts';
import type { EndpointSlice, Service } from '../kube/object.ts';
import { ObjectWatch } from '../kube/object-watch.ts';
import type { HomeAddresses } from '../node-agent/loopback.ts';
import { computeForwarding, type Forwarding } from './forwarding.ts';
import { ForwardingListener } from './listener.ts';

export interface ServiceProxyOptions {
  readonly client: ApiClient;
  readonly log: Log;
  readonly addresses: HomeAddresses;
  readonly remembered: () => Readonly<Record<string, number>>;
  readonly onExposed: (exposed: Readonly<Record<string, number>>) => void;
  /** Every change of the Services, for who lists them (environment of pods). */
  readonly onServices?: () => void;
}

const retryMs = 1_000;

export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #services: ObjectWatch<Service>;
  readonly #slices: ObjectWatch<EndpointSlice>;
  readonly #listeners = new Map<string, ForwardingListener>();
  readonly #addresses = new Set<string>();
  readonly #abort = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #dirty = false;

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    const { client, log } = options;
    const watch = { client, log, signal: this.#abort.signal, onChange: () => this.#schedule() };
    this.#services = new ObjectWatch({ ...watch, path: '/api/v1/services' });
    this.#slices = new ObjectWatch({ ...watch, path: '/apis/discovery.k8s.io/v1/endpointslices' });
  }

  start(): void {
    void this.#services.run();
    void this.#slices.run();
  }

  servicesOf(namespace: string): readonly Service[] {
    return [...this.#services.objects.values()].filter(({ metadata }) => metadata.namespace === namespace);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#work;
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
    this.#listeners.clear();
    for (const address of this.#addresses) await this.#options.addresses.remove(address);
    this.#addresses.clear();
  }

  #schedule(): void {
    if (this.#dirty || !this.#services.synced || !this.#slices.synced) return;
    this.#dirty = true;
    this.#work = this.#work.then(async () => {
      this.#dirty = false;
      if (this.#abort.signal.aborted) return;
      const { remembered } = this.#options;
      const services = [...this.#services.objects.values()];
      const forwarding = computeForwarding(services, [...this.#slices.objects.values()], remembered());
      await this.#apply(forwarding);
    });
  }

  async #apply(forwarding: Forwarding): Promise<void> {
    const wanted = new Set(forwarding.rules.map(({ key }) => key));
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue;
      this.#listeners.delete(key);
      await listener.close();
    }
    await this.#applyAddresses(forwarding.clusterAddresses);
    for (const { key, listen, endpoints } of forwarding.rules) {
      const known = this.#listeners.get(key);
      if (known !== undefined) known.endpoints = endpoints;
      else await this.#open(key, listen, endpoints);
    }
    this.#options.onExposed(forwarding.exposed);
    this.#options.onServices?.();
  }

  async #open(
    key: string,
    listen: { address: string; port: number },
    endpoints: readonly { address: string; port: number }[],
  ): Promise<void> {
    const listener = new ForwardingListener();
    listener.endpoints = endpoints;
    try {
      await listener.listen(listen);
      this.#listeners.set(key, listener);
    } catch (error) {
      // A host port that somebody else has: tell, and try again; the Service works by its cluster address.
      this.#options.log.warn({ listen: key, error: errorMessage(error) }, 'cannot forward a service port');
      setTimeout(() => this.#schedule(), retryMs).unref();
    }
  }

  async #applyAddresses(wanted: readonly string[]): Promise<void> {
    for (const address of wanted) {
      if (this.#addresses.has(address)) continue;
      await this.#options.addresses.add(address);
      this.#addresses.add(address);
    }
    for (const address of this.#addresses) {
      if (wanted.includes(address)) continue;
      this.#addresses.delete(address);
      await this.#options.addresses.remove(address);
    }
  }
}

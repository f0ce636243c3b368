/**
 * What serves in one process of a gateway: core, records, export and the links to the platform, wired. Apart from the roles because a
 * pod is one such process or several (processes/). It listens nowhere: sockets are handed to it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { attribute, errorMessage, type GatewayConfig, type GatewayStatus } from '../contract/index.ts';
import { faultOf, type Environment, type Log, type Shell } from '../process/index.ts';
import { NatsApprovals } from './approval/nats-approvals.ts';
import { NatsLedger } from './budget/nats-ledger.ts';
import { RecordCopies } from './export/record-copies.ts';
import { keyOfPlace, type GatewayPlace } from './gateway-place.ts';
import { GatewayMetrics } from './metrics.ts';
import { PlatformLink } from './platform-link.ts';
import type { Door } from './session/door.ts';
import { GatewayCore } from './session/gateway-core.ts';
import { createSnapshot } from './snapshot.ts';
import { createLeafIssuer } from './tls/leaf-issuer.ts';
import { ownLookup, systemLookup } from './upstream/resolver.ts';

export interface GatewayProcessOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly place: GatewayPlace;
  /** What is told the platform; undefined: another process of the pod tells it. */
  readonly status: (() => GatewayStatus) | undefined;
  /** How it stands has changed. */
  readonly onChanged: () => void;
  readonly onConnections?: () => void;
  /** Of the pod; absent: one. */
  readonly processes?: number;
  readonly door?: Door;
}

/** Workers hear of its going through NATS, which may be slow. */
export const leaveMs = 3_000;
/** As a pod ends: as long as a run of a TaskAgent may last. Else streams get most of the 30 s after which Kubernetes kills by default. */
export const drainMs = ({ isAwaited }: Pick<Shell, 'isAwaited'>): number => (isAwaited ? 300_000 : 20_000);
const exportGraceMs = 5_000;
const tickMs = 1_000;

export class GatewayProcess {
  readonly core: GatewayCore;
  readonly metrics: GatewayMetrics;
  readonly copies: RecordCopies;
  readonly #options: GatewayProcessOptions;
  readonly #link: PlatformLink;
  readonly #ticker: NodeJS.Timeout;

  constructor(options: GatewayProcessOptions) {
    this.#options = options;
    const { environment, log, place, status, onChanged, onConnections, processes, door } = options;
    const { namespace, gateway } = place;
    this.copies = new RecordCopies({
      lookup: ownLookup,
      now: () => Date.now(),
      onLost: (records, sink) => this.metrics.exported('lost', records, sink),
      onSent: (records, sink) => this.metrics.exported('sent', records, sink),
      onChanged,
      onBroken: (error) =>
        log.error(faultOf(error), 'the export of records broke by a defect of the gateway'),
    });
    this.#link = new PlatformLink({
      ...{ environment, log, namespace, status },
      key: keyOfPlace(place),
      onDropped: (records) => this.metrics.recordsDropped(records),
      onRefused: () => this.metrics.recordRefused(),
      copy: this.copies,
    });
    this.metrics = new GatewayMetrics(() => this.core.connections);
    this.metrics.observeOutbox(() => this.#link.outbox);
    this.metrics.observeExport(() => this.copies);
    this.core = new GatewayCore({
      recorder: () => this.#link.recorder,
      metrics: this.metrics,
      lookup: systemLookup,
      ownLookup,
      ledger: new NatsLedger(namespace, () => this.#link.nats),
      approvals: new NatsApprovals({ namespace, name: gateway }, () => this.#link.nats),
      now: () => performance.timeOrigin + performance.now(),
      unixMs: () => Date.now(),
      onWarned: onChanged,
      onConnections: onConnections ?? (() => undefined),
      onBroken: (error) => log.error(faultOf(error), 'a connection was closed by a defect of the gateway'),
      ...(processes === undefined ? {} : { processes }),
      ...(door === undefined ? {} : { door }),
    });
    this.#ticker = setInterval(() => this.core.tick(), tickMs);
  }

  use(config: GatewayConfig): void {
    const { log, place } = this.#options;
    try {
      const snapshot = createSnapshot(config, createLeafIssuer);
      this.core.swap(snapshot);
      this.copies.use(snapshot);
      this.#link.use(config, { [attribute.egressGateway]: `${place.namespace}/${place.gateway}` });
    } catch (thrown) {
      log.error({ error: errorMessage(thrown) }, 'config cannot be used, the previous one stays');
    }
  }

  /** Why it should not serve yet. */
  notReady(): string | undefined {
    return this.core.snapshot === undefined ? 'no config in use yet' : this.#link.notReady();
  }

  /** Its own word, where it tells one, has changed. */
  changed(): void {
    this.#link.changed();
  }

  /** Lets calls finish for as long as it can be waited. */
  async drain(limitMs: number): Promise<void> {
    await this.core.drain(limitMs, (ms) => wait(ms));
  }

  /** Tells what is left to be told. */
  async end(): Promise<void> {
    clearInterval(this.#ticker);
    await this.#link.close();
    await this.copies.close(exportGraceMs);
  }
}

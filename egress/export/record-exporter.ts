/**
 * A copy of what the platform's store gets, for one receiver of the gateway's owner (`spec.otlp.endpoint`, or a sink). It is beside the promise and
 * no part of it: it has memory of its own, it never waits, and no call is refused or slowed for it. What a receiver cannot take
 * in time is lost, counted and told.
 */
import type { ExportFault, ExportState } from '../../contract/index.ts';
import { parseHostname, type RecordExport } from '../../contract/index.ts';
import { judgeExportEndpoint, readExportEndpoint, type UpstreamTarget } from '../../decision/index.ts';
import { OtlpSender, type Outcome } from '../record/otlp-sender.ts';
import { ParcelCourier } from '../record/parcel-courier.ts';
import type { Snapshot } from '../snapshot.ts';
import { Dialler } from '../upstream/dialler.ts';
import type { Lookup } from '../upstream/resolver.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import { ExportHealth } from './export-health.ts';
import { ExportQueue, type CopiedRecords } from './export-queue.ts';
import { OwnAgent } from './own-agent.ts';

export interface RecordExporterOptions {
  readonly lookup: Lookup;
  readonly now: () => number;
  readonly onLost: (records: number) => void;
  readonly onSent: (records: number) => void;
  /** It stands otherwise than it did. */
  readonly onChanged: () => void;
  readonly onBroken: (error: unknown) => void;
  readonly maxBytes?: number;
}

/** Some seconds of full load; a gateway's pod has 1 GiB. */
const defaultMaxExportBytes = 16 * 1024 * 1024;

/** What OTLP says may be sent again; anything else will not be better the next time. */
const transient: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'sent';
  return transient.has(status) ? 'again' : 'refused';
}

function faultOf(error: unknown): ExportFault {
  if (!(error instanceof UpstreamError)) return { code: 'Unreachable' };
  if (error.code === 'UPSTREAM_TLS') return { code: 'TlsRefused' };
  if (error.code === 'ADDRESS_DENIED') return { code: 'AddressRefused' };
  return { code: error.code === 'UPSTREAM_TIMEOUT' ? 'TimedOut' : 'Unreachable' };
}

/** undefined: nothing may be sent there. */
function targetOf({ endpoint, broken }: RecordExport): UpstreamTarget | undefined {
  const read = broken === undefined && judgeExportEndpoint(endpoint) === undefined;
  const at = read ? readExportEndpoint(endpoint) : undefined;
  if (at === undefined) return undefined;
  const { hostname: name, isAddress, port, tls } = at;
  const hostname = isAddress ? undefined : parseHostname(name);
  if (!isAddress && hostname === undefined) return undefined;
  return { hostname, ip: isAddress ? name : undefined, port, tls };
}

export class RecordExporter {
  readonly #options: RecordExporterOptions;
  readonly #queue: ExportQueue;
  #health = new ExportHealth();
  #courier: ParcelCourier | undefined;
  #key = '';
  #onEmpty: (() => void) | undefined;

  constructor(options: RecordExporterOptions) {
    this.#options = options;
    const { maxBytes = defaultMaxExportBytes, onSent, onLost, onChanged, now } = options;
    this.#queue = new ExportQueue({
      maxBytes,
      onSent,
      onLost: (records) => {
        onLost(records);
        if (this.#health.lost(now())) onChanged();
      },
    });
  }

  get isWanted(): boolean {
    return this.#courier !== undefined;
  }

  /** Bytes that wait. */
  get heldBytes(): number {
    return this.#queue.heldBytes;
  }

  /** undefined: nothing is sent anywhere. */
  get state(): ExportState | undefined {
    return this.isWanted ? this.#health.state(this.#options.now()) : undefined;
  }

  take(batch: CopiedRecords): void {
    if (this.#courier === undefined) return;
    this.#queue.offer(batch);
    this.#courier.send();
  }

  /**
   * To where `recordExport` says from now on, dialled as this config says. What waits goes to the new place, or nowhere.
   * Idempotent.
   */
  use(snapshot: Snapshot, recordExport: RecordExport | undefined): void {
    const { upstream, destinations } = snapshot.config;
    const key = JSON.stringify([recordExport, upstream, destinations.platformCidrs]);
    if (key === this.#key) return;
    this.#key = key;
    this.#health = new ExportHealth();
    const target = recordExport === undefined ? undefined : targetOf(recordExport);
    if (recordExport === undefined || target === undefined) this.#stop();
    else this.#start(this.#senderTo(target, recordExport, snapshot));
    this.#options.onChanged();
  }

  #senderTo(target: UpstreamTarget, { endpoint, headers }: RecordExport, snapshot: Snapshot): OtlpSender {
    const { lookup, onBroken } = this.#options;
    const dialler = new Dialler(snapshot, lookup, onBroken);
    const agent = new OwnAgent(target, (to) => dialler.dialOwn(to));
    const fields = Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value]));
    return new OtlpSender({ endpoint, headers: fields, agent, outcomeOf, faultOf }, onBroken);
  }

  #start(sender: OtlpSender): void {
    if (this.#courier !== undefined) {
      this.#courier.retarget(sender);
      return;
    }
    const courier: ParcelCourier = new ParcelCourier(sender, {
      source: this.#queue,
      onIdle: () => this.#onEmpty?.(),
      onSettled: () => courier.send(),
      onResult: ({ fault }) => {
        if (this.#health.attempted(fault)) this.#options.onChanged();
      },
    });
    this.#courier = courier;
  }

  #stop(): void {
    this.#courier?.close();
    this.#courier = undefined;
    this.#queue.drop();
  }

  /** Sends what is left, for at most `graceMs`; what is left then is lost and counted. */
  async close(graceMs: number): Promise<void> {
    const courier = this.#courier;
    if (courier !== undefined && !this.#queue.isEmpty) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
        courier.send();
      });
    }
    this.#stop();
  }
}

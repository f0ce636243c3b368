/** What a connection leaves behind that never became an exchange, or not only exchanges. Apart so that each ending is one line where it happens. */
import { spanName, type DenyReason } from '../../contract/index.ts';
import { auditBytes, type OpenPlan, type Refusal, type WouldDeny } from '../../decision/index.ts';
import { openerOf, type Peer } from '../pipeline/call.ts';
import { computeConnectionRecord } from '../record/connection-record.ts';
import type { RecordSlot } from '../record/record-queue.ts';
import type { SpanRecord } from '../record/span-record.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { GatewayCore } from './gateway-core.ts';

interface Happened {
  readonly denyReason?: DenyReason;
  readonly denyPolicy?: string | undefined;
  readonly error?: string | undefined;
  readonly bytes?: { readonly up: number; readonly down: number };
}

export class ConnectionLog {
  readonly #core: GatewayCore;
  readonly #startedAt: number;
  #route: string | undefined;
  /** Bytes that nobody reads pass by the gateway's audit alone. */
  #wouldDeny: WouldDeny | undefined;
  #sinks: readonly string[] | undefined;

  constructor(core: GatewayCore, startedAt: number) {
    this.#core = core;
    this.#startedAt = startedAt;
  }

  /** `Kind/ns/name` that opened the destination. */
  get route(): string | undefined {
    return this.#route;
  }

  opened(plan: OpenPlan): void {
    this.#route = openerOf(plan);
    this.#wouldDeny = plan.relayAudited ? auditBytes(plan.site) : undefined;
    this.#sinks = plan.relaySinks;
  }

  refused(peer: Peer, { reason, policy }: Refusal): void {
    this.#core.countDenied(reason);
    this.#record(spanName.dialDenied, peer, { denyReason: reason, denyPolicy: policy });
  }

  /** `detail` in our words, never bytes of the peer's. */
  denied(peer: Peer, reason: DenyReason, detail?: string): void {
    this.#core.countDenied(reason);
    this.#record(spanName.dialDenied, peer, { denyReason: reason }, detail);
  }

  failed(peer: Peer, error: string): void {
    this.#record(spanName.dialFailed, peer, { error });
  }

  dialFailed(peer: Peer, thrown: unknown): void {
    const known = thrown instanceof UpstreamError ? thrown : undefined;
    if (known?.denyReason !== undefined) this.denied(peer, known.denyReason);
    else this.failed(peer, known?.code ?? 'UPSTREAM_UNREACHABLE');
  }

  /** Into the room that was taken before a byte passed. */
  relayed(
    slot: RecordSlot,
    peer: Peer,
    bytes: { up: number; down: number },
    error: string | undefined,
  ): void {
    slot.put(this.#compute(spanName.tcp, peer, { bytes, error }));
  }

  #record(
    name: typeof spanName.dialDenied | typeof spanName.dialFailed,
    peer: Peer,
    happened: Happened,
    detail?: string,
  ): void {
    const record = this.#compute(name, peer, happened);
    const why = record.errorMessage ?? '';
    this.#core.record(detail === undefined ? record : { ...record, errorMessage: `${why}: ${detail}` });
  }

  #compute(
    name: typeof spanName.dialDenied | typeof spanName.dialFailed | typeof spanName.tcp,
    peer: Peer,
    { denyReason, denyPolicy, error, bytes }: Happened,
  ): SpanRecord {
    return computeConnectionRecord({
      name,
      peer,
      startedAt: this.#startedAt,
      endedAt: this.#core.now(),
      digest: this.#core.snapshot?.policyDigest ?? '',
      route: this.#route,
      denyReason,
      denyPolicy,
      wouldDeny: name === spanName.tcp ? this.#wouldDeny : undefined,
      error,
      bytes,
      sinks: this.#sinks,
    });
  }
}

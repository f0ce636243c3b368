/**
 * The record of a refused attempt: one span and one WARN log, with the agent and the run it belongs to. Apart because the
 * connector, the DNS and the packet wall all refuse, and one refusal must leave exactly one record. Bounded per
 * sandbox; what is over the bound is counted and told in one last record.
 */
import { SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { attribute, spanName, type DenyReason } from '../../contract/index.ts';
import { contextOf } from '../telemetry/trace-context.ts';
import type { Occupant } from './occupant.ts';
import type { Run } from './run.ts';
import type { LogEmitter, SpanStarter } from '../telemetry/sink.ts';

export interface Refusal {
  readonly reason: DenyReason;
  readonly protocol: string;
  readonly ip?: string;
  readonly port: number;
  readonly hostname?: string;
  /** Record a repeated one once only. */
  readonly once?: boolean;
}

export interface RefusalsOptions {
  readonly tracer: SpanStarter;
  readonly logger: LogEmitter;
  readonly onCount: (reason: DenyReason) => void;
}

/** As many distinct destinations as a run gets records for. */
const maxRemembered = 1024;

function attributesOf(
  occupant: Occupant | undefined,
  run: Run | undefined,
  refusal: Refusal,
): Record<string, string | number> {
  const optional = {
    [attribute.destinationAddress]: refusal.ip,
    [attribute.destinationName]: refusal.hostname,
    [attribute.serverAddress]: refusal.hostname ?? refusal.ip,
    [attribute.agentKind]: occupant?.agent.kind,
    [attribute.agentNamespace]: occupant?.agent.namespace,
    [attribute.agentName]: occupant?.agent.name,
    [attribute.agentUid]: occupant?.agent.uid,
    [attribute.agentRevision]: occupant?.revision,
    [attribute.invocationId]: run?.invocationId,
    [attribute.sandboxId]: occupant?.sandboxId,
  };
  const present = Object.entries(optional).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value]],
  );
  return {
    ...(Object.fromEntries(present) as Record<string, string>),
    [attribute.component]: 'worker',
    [attribute.decision]: 'deny',
    [attribute.denyReason]: refusal.reason,
    [attribute.serverPort]: refusal.port,
    'network.transport': refusal.protocol,
  };
}

export class Refusals {
  readonly #options: RefusalsOptions;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** `occupant` undefined: nobody lives behind the slot (orphan_sandbox). */
  record(occupant: Occupant | undefined, refusal: Refusal, run: Run | undefined = occupant?.run): void {
    this.#options.onCount(refusal.reason);
    if (occupant !== undefined && !this.#admit(occupant, run, refusal)) return;
    this.#write(occupant, run, refusal);
  }

  /**
   * Tells how many records of a run (or of an occupant without one) the bounds have swallowed, `unlisted` of them at the
   * wall. To be called at its end; repeated, it tells what came since.
   */
  close(occupant: Occupant, run: Run | undefined, unlisted = 0): void {
    const tally = run ?? occupant;
    const suppressed = tally.suppressedRecords + unlisted;
    if (suppressed === 0) return;
    tally.suppressedRecords = 0;
    this.#options.logger.emit({
      severityNumber: SeverityNumber.WARN,
      severityText: 'WARN',
      body: 'more refused attempts than are recorded',
      attributes: {
        ...attributesOf(occupant, run, { reason: 'limit', protocol: '', port: 0 }),
        'clrk.egress.suppressed_records': suppressed,
      },
      context: contextOf(run?.traceparent),
    });
  }

  #admit(occupant: Occupant, run: Run | undefined, refusal: Refusal): boolean {
    const key = `${refusal.protocol} ${refusal.hostname ?? refusal.ip ?? ''} ${refusal.port} ${refusal.reason}`;
    const tally = run ?? occupant;
    if (refusal.once === true && tally.recorded.has(key)) return false;
    if (!occupant.recordBucket.take()) {
      tally.suppressedRecords += 1;
      return false;
    }
    if (tally.recorded.size < maxRemembered) tally.recorded.add(key);
    return true;
  }

  #write(occupant: Occupant | undefined, run: Run | undefined, refusal: Refusal): void {
    const attributes = attributesOf(occupant, run, refusal);
    const context = contextOf(run?.traceparent);
    const span = this.#options.tracer.startSpan(spanName.dialDenied, { attributes }, context);
    span.setStatus({ code: SpanStatusCode.ERROR, message: refusal.reason });
    span.end();
    this.#options.logger.emit({
      severityNumber: SeverityNumber.WARN,
      severityText: 'WARN',
      body: 'egress refused',
      attributes,
      context,
    });
  }
}

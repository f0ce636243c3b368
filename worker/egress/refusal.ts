/**
 * The record of a refused attempt: one span and one WARN log, with the agent it belongs to. Apart because the
 * connector, the DNS and the packet wall all refuse, and one refusal must leave exactly one record. Bounded per
 * sandbox; what is over the bound is counted and told in one last record.
 */
import { SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { attribute, spanName, type DenyReason } from '../../contract/index.ts';
import { contextOf } from '../telemetry/trace-context.ts';
import type { Tenant } from './tenancy.ts';
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

/** As many distinct destinations as a sandbox gets records for. */
const maxRemembered = 1024;

function attributesOf(tenant: Tenant | undefined, refusal: Refusal): Record<string, string | number> {
  const optional = {
    [attribute.destinationAddress]: refusal.ip,
    [attribute.destinationName]: refusal.hostname,
    [attribute.serverAddress]: refusal.hostname ?? refusal.ip,
    [attribute.agentKind]: tenant?.agent.kind,
    [attribute.agentNamespace]: tenant?.agent.namespace,
    [attribute.agentName]: tenant?.agent.name,
    [attribute.agentUid]: tenant?.agent.uid,
    [attribute.agentRevision]: tenant?.revision,
    [attribute.invocationId]: tenant?.invocationId,
    [attribute.sandboxId]: tenant?.sandboxId,
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

  /** `tenant` undefined: nobody lives behind the slot (orphan_sandbox). */
  record(tenant: Tenant | undefined, refusal: Refusal): void {
    this.#options.onCount(refusal.reason);
    if (tenant !== undefined && !this.#admit(tenant, refusal)) return;
    this.#write(tenant, refusal);
  }

  /** Tells how many records a tenant's bound has swallowed. Call once, at its end. */
  close(tenant: Tenant): void {
    if (tenant.suppressedRecords === 0) return;
    this.#options.logger.emit({
      severityNumber: SeverityNumber.WARN,
      severityText: 'WARN',
      body: 'more refused attempts than are recorded',
      attributes: {
        ...attributesOf(tenant, { reason: 'limit', protocol: '', port: 0 }),
        'clrk.egress.suppressed_records': tenant.suppressedRecords,
      },
      context: contextOf(tenant.traceparent),
    });
  }

  #admit(tenant: Tenant, refusal: Refusal): boolean {
    const key = `${refusal.protocol} ${refusal.hostname ?? refusal.ip ?? ''} ${refusal.port} ${refusal.reason}`;
    if (refusal.once === true && tenant.recorded.has(key)) return false;
    if (!tenant.recordBucket.take()) {
      tenant.suppressedRecords += 1;
      return false;
    }
    if (tenant.recorded.size < maxRemembered) tenant.recorded.add(key);
    return true;
  }

  #write(tenant: Tenant | undefined, refusal: Refusal): void {
    const attributes = attributesOf(tenant, refusal);
    const context = contextOf(tenant?.traceparent);
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

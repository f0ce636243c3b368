/**
 * Who sets a call off, and what it is called: what a caller may say of it, and what the platform says of the caller. Nobody else is
 * believed about that: a voucher that is not the platform's, or is of another call, makes the call doubtful.
 */
import { randomUUID } from 'node:crypto';
import { header, openVoucher, voucherKey, type IngressAgent, type Trigger } from '../contract/index.ts';
import type { Call } from './call.ts';
import { parseInvocationId, parseTraceParent } from './caller.ts';
import type { InvocationCall } from './invocation.ts';

/** With what the agent's extractors find. */
export type Told = Pick<InvocationCall, 'id' | 'ownId' | 'trigger' | 'parent' | 'caller' | 'user'>;

/** By the aggregated API, which is the only one to vouch for anybody. */
const vouchedTrigger: Trigger = { type: 'CLI', source: 'invoke' };

export function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function saidByCaller({ headers }: Call): Omit<Told, 'caller'> {
  const given = parseInvocationId(single(headers[header.invocationId]));
  return {
    id: given ?? randomUUID(),
    ownId: given !== undefined,
    trigger: { type: 'HTTP', source: 'ingress' },
    parent: parseTraceParent(single(headers[header.traceparent]), single(headers[header.tracestate])),
  };
}

export class CallerWords {
  #key: Uint8Array | undefined;

  /** `token`: the ingress's own OTLP token, which telemetry has too. */
  configure(token: string): void {
    this.#key = voucherKey(token);
  }

  of(call: Call, { namespace, name }: IngressAgent): Omit<Told, 'caller'> | 'doubtful' {
    const said = saidByCaller(call);
    const voucher = single(call.headers[header.voucher]);
    if (voucher === undefined) return said;
    const about = { namespace, agent: name, id: said.id };
    const user = this.#key && openVoucher(this.#key, voucher, about, Date.now());
    return user === undefined ? 'doubtful' : { ...said, user, trigger: vouchedTrigger };
  }
}

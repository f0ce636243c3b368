/**
 * One call as it is judged: what was read of its body, and the decision the policy in force makes of that. It holds no socket
 * and answers nobody; the exchange asks it, and asks again when a new policy has come.
 */
import type { Boundary } from '../boundary.ts';
import type { ApprovalAnswer } from '../../contract/index.ts';
import {
  callOfMessage,
  decide,
  decideMessage,
  refuse,
  refuseAs,
  RequestHead,
  retryKey,
  stateBrought,
  type BodyNeed,
  type Call,
  type CallBody,
  type CallCount,
  type Candidate,
  type Decision,
  type Refusal,
  type SitePlan,
} from '../../decision/index.ts';
import {
  createBodyReader,
  createZlibDecoders,
  type BodyListener,
  type BodyRead,
  type BodyResult,
  type RequestBodyReader,
} from '../body/index.ts';
import { fieldValues } from '../http1/index.ts';
import type { InputStates } from '../mcp/input-states.ts';
import { siteOf } from '../pipeline/call.ts';
import type { AgentRequest } from '../pipeline/identify.ts';
import type { ReadBody } from '../pipeline/outgoing.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Inbound } from './exchange-context.ts';

/** What was read of a message, and what persons decided of it. */
export interface JudgedMessage extends Pick<Call, 'body' | 'approvals'> {
  readonly bodyBytes: number;
}

type Decided = Exclude<Decision, { kind: 'need-body' }>;

export class Judgement {
  readonly #inbound: Inbound;
  readonly #request: AgentRequest;
  readonly #head: RequestHead;
  readonly #boundary: Boundary;
  #body: CallBody;
  #reader: RequestBodyReader | undefined;
  #read: BodyRead | undefined;
  /** The one way in which the body is, or was, read. */
  #need: BodyNeed | undefined;
  readonly #approvals = new Map<string, ApprovalAnswer>();
  #planned: { readonly plans: Snapshot['plans']; readonly plan: SitePlan } | undefined;

  readonly #inputs: InputStates | undefined;
  /** Under what it is counted already. */
  #continued: ReadonlySet<string> | undefined;

  /** `boundary`: around the exchange that asks. `inputs` absent: no call goes on from another. */
  constructor(inbound: Inbound, request: AgentRequest, boundary: Boundary, inputs?: InputStates) {
    this.#inputs = inputs;
    this.#boundary = boundary;
    this.#inbound = inbound;
    this.#request = request;
    const { query, fields } = request;
    const bodyBytes = inbound.length === 'chunked' ? undefined : inbound.length;
    this.#head = new RequestHead({ query, fields, bodyBytes });
    this.#body = inbound.length === 0 ? { kind: 'none' } : { kind: 'unread' };
  }

  get request(): AgentRequest {
    return this.#request;
  }

  /** What was read of the body; undefined: nothing, or it cannot be read. */
  get read(): BodyRead | undefined {
    return this.#read;
  }

  /** The body as it was read, `bytes` being what was judged of it; undefined: it goes through unread. */
  asRead(bytes: readonly Buffer[]): ReadBody | undefined {
    if (this.#need === undefined) return undefined;
    return { bytes, decoded: this.#reader?.coding !== undefined, read: this.#read };
  }

  /** The refusal as whoever sent such a body takes it. */
  refusalOf(refusal: Refusal): Refusal {
    return refuseAs(this.#body, refusal);
  }

  /** Nothing more of the body can change the decision. */
  get isFinal(): boolean {
    return this.#body.kind !== 'unread' && this.#body.kind !== 'held';
  }

  planBy({ plans }: Snapshot): SitePlan {
    // The site is the connection's, so the plans are all of the key.
    if (this.#planned?.plans === plans) return this.#planned.plan;
    const plan = plans.at(siteOf(this.#inbound.peer, this.#inbound.tls));
    this.#planned = { plans, plan };
    return plan;
  }

  ask(snapshot: Snapshot): Decision {
    return decide(this.planBy(snapshot), this.#call);
  }

  get #call(): Call {
    const { method, path, queryNames, claims, upgrade } = this.#request;
    const { invocationId } = this.#inbound.peer;
    const isUpgrade = upgrade !== undefined;
    const body = this.#body;
    return {
      method,
      path,
      queryNames,
      claims,
      invocationId,
      head: this.#head,
      upgrade: isUpgrade,
      body,
      approvals: this.#approvals,
      continued: this.#continued,
    };
  }

  /** A message in the WebSocket that it has become; `isWay`: whether that goes this way. */
  askMessage(snapshot: Snapshot, message: JudgedMessage, isWay: (candidate: Candidate) => boolean): Decided {
    const { query, fields } = this.#request;
    const head = new RequestHead({ query, fields, bodyBytes: message.bodyBytes });
    const { body, approvals } = message;
    const call = callOfMessage(this.#call, body, { head, approvals });
    return decideMessage(this.planBy(snapshot), call, isWay);
  }

  /** A person decided about this call. It holds for the whole of it, whatever policy comes. */
  approve(key: string, answer: ApprovalAnswer): void {
    this.#approvals.set(key, answer);
  }

  /**
   * Begins to read. False: the body will not be read, as the head tells already, or was read in another way for an older policy;
   * the next decision says so.
   */
  begin(need: BodyNeed, listener: BodyListener): boolean {
    if (this.#need !== undefined) {
      const message = 'the egress policy changed while the call was read; send it again';
      const refusal = { ...refuse(503, 'policy', message), code: 'POLICY_CHANGED' };
      this.#body = { kind: 'unreadable', refusal };
      return false;
    }
    this.#need = need;
    const { fields } = this.#request;
    const reader = createBodyReader(
      {
        contentType: fieldValues(fields, 'content-type'),
        contentEncoding: fieldValues(fields, 'content-encoding'),
        want: need,
      },
      createZlibDecoders(this.#boundary),
      listener,
    );
    if ('kind' in reader) {
      this.learn(reader);
      return false;
    }
    this.#reader = reader;
    return true;
  }

  /** False: wait for the listener's `drained`. */
  push(bytes: Buffer): boolean {
    return this.#reader?.push(bytes) ?? true;
  }

  end(): void {
    this.#reader?.end();
  }

  /** The result of reading. */
  learn(result: BodyResult): void {
    if (result.kind === 'unreadable') {
      const { status, code, message } = result;
      this.#body = { kind: 'unreadable', refusal: { ...refuse(status, 'protocol', message), code } };
      return;
    }
    if (result.format === 'unread') {
      this.#body = { kind: 'held' };
      return;
    }
    this.#read = result;
    const { rpc, model } = result;
    this.#body =
      this.#need === 'rpc' && rpc !== undefined ? { kind: 'rpc', rpc } : { kind: 'inference', model };
    this.#goOn();
  }

  /** From a call whose server asked for input: at most one call does from each. */
  #goOn(): void {
    const call = this.#call;
    const state = stateBrought(call);
    const key = state === undefined ? undefined : retryKey(call, state);
    if (key !== undefined) this.#continued = this.#inputs?.take(this.#inbound.peer, key);
  }

  /** Its server asks for input, with this state; `counts`: of this call. */
  answeredWith(state: string, counts: readonly CallCount[]): void {
    const key = retryKey(this.#call, state);
    const accounts = new Set([...(this.#continued ?? []), ...counts.map(({ limit }) => limit.account)]);
    if (key !== undefined && accounts.size > 0) this.#inputs?.remember(this.#inbound.peer, key, accounts);
  }

  /** The call is over. Safe to repeat. */
  close(): void {
    this.#reader?.close();
  }
}

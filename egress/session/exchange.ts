/**
 * One exchange, once through: identify → read what is needed → decide → reserve → attempt → answer → settle → record. It moves
 * bytes between the agent and an Attempt as its Decision says and decides nothing itself (decision/). It answers at most once
 * (answer.ts) and records exactly once (exchange-log.ts, which only listens).
 */
import type { Duplex } from 'node:stream';
import {
  decide,
  type BodyNeed,
  type Call,
  type CallBody,
  type Candidate,
  type Decision,
  type Refusal,
  type SitePlan,
} from '../../decision/index.ts';
import type { Field } from '../http1/index.ts';
import { siteOf } from '../pipeline/call.ts';
import { identify, isRefusal, type AgentRequest } from '../pipeline/identify.ts';
import { computeOutgoing, type Outgoing } from '../pipeline/outgoing.ts';
import { readBody } from '../pipeline/read-body.ts';
import { isSameWay } from '../pipeline/revalidate.ts';
import { mayRewrite } from '../pipeline/rewrite.ts';
import type { UpstreamAnswer, UpstreamStream } from '../upstream/exchange-port.ts';
import type { UpstreamError } from '../upstream/upstream-error.ts';
import { Answer, type Failure } from './answer.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import type { Downstream, RequestReader } from './downstream.ts';
import type { ExchangeContext, Inbound, PolicyInForce, Settle } from './exchange-context.ts';
import { ExchangeLog } from './exchange-log.ts';
import { ExchangeStates } from './exchange-state.ts';
import { bodyTooLarge, RequestBody } from './request-body.ts';

type Allowed = Extract<Decision, { kind: 'allow' }>;

/** A try that an upstream closed before it saw anything is repeated this often. */
const maxRepeats = 2;

const recordsFull: Failure = {
  status: 503,
  code: 'RECORDS_UNAVAILABLE',
  message: 'the gateway cannot record more calls of this agent now; try again in a second',
  denyReason: 'limit',
};

export class Exchange implements RequestReader, AttemptOwner {
  readonly #context: ExchangeContext;
  readonly #inbound: Inbound;
  readonly #downstream: Downstream;
  readonly #states = new ExchangeStates();
  readonly #log: ExchangeLog;
  readonly #body: RequestBody;
  readonly #answer: Answer;
  #inForce: PolicyInForce;
  #request: AgentRequest | undefined;
  #read: CallBody;
  #need: BodyNeed = 'model';
  #decision: Allowed | undefined;
  #outgoing: Outgoing | undefined;
  #attempt: Attempt | undefined;
  #repeats = 0;
  #requestEnded = false;
  #relayed: readonly Duplex[] = [];
  #settle: Settle | undefined;
  /** Unix milliseconds since neither side has said anything. */
  #quietSince: number;

  constructor(context: ExchangeContext, inbound: Inbound, downstream: Downstream) {
    this.#context = context;
    this.#inbound = inbound;
    this.#downstream = downstream;
    this.#inForce = context.inForce();
    const { peer, line, tls, length } = inbound;
    const at = context.now();
    this.#quietSince = at;
    this.#read = length === 0 ? { kind: 'none' } : { kind: 'unread' };
    this.#log = new ExchangeLog(peer, tls, line, { snapshot: this.#inForce.snapshot, at });
    this.#body = new RequestBody(context.held, peer.agentId);
    this.#answer = new Answer(downstream, this.#log, line.method);
  }

  start(): void {
    const request = identify(this.#inbound.line, this.#inbound.peer);
    if (isRefusal(request)) {
      this.#refuse(request);
      return;
    }
    this.#request = request;
    this.#decide(request);
  }

  // Decide.

  #plan({ snapshot }: PolicyInForce): SitePlan {
    return snapshot.plans.at(siteOf(this.#inbound.peer, this.#inbound.tls));
  }

  #ask({ method, path, queryNames, upgrade }: AgentRequest, inForce: PolicyInForce): Decision {
    const { invocationId } = this.#inbound.peer;
    const isUpgrade = upgrade !== undefined;
    const call: Call = { method, path, queryNames, upgrade: isUpgrade, invocationId, body: this.#read };
    return decide(this.#plan(inForce), call);
  }

  #decide(request: AgentRequest): void {
    const decision = this.#ask(request, this.#inForce);
    if (decision.kind === 'need-body') {
      this.#readFirst(decision.need);
      return;
    }
    this.#log.decided(decision);
    if (decision.kind === 'refuse') {
      this.#refuse(decision.refusal);
      return;
    }
    const [candidate] = decision.candidates;
    if (!this.#requestEnded && this.#inbound.length !== 0 && mayRewrite({ ...decision, ...candidate })) {
      this.#readFirst('model');
      return;
    }
    this.#reserve(request, decision, candidate);
  }

  /** Holds the body until its end and decides then. */
  #readFirst(need: BodyNeed): void {
    this.#need = need;
    if (this.#states.now === 'deciding') {
      this.#states.enter('reading');
      this.#downstream.goOn();
    }
    // A new policy may want a body read in another way than the one it was read in.
    if (this.#requestEnded) this.#judgeHeld();
  }

  #judgeHeld(): void {
    const request = this.#request;
    if (request === undefined) return;
    const { body, stream } = readBody(this.#need, request, this.#body.whole());
    this.#read = body;
    this.#log.facts.stream ??= stream ?? false;
    this.#decide(request);
  }

  // Reserve: nothing is let through that cannot be recorded.

  #reserve(request: AgentRequest, decision: Allowed, candidate: Candidate): void {
    this.#settle = this.#context.admit(this.#inbound.peer.agentId);
    if (this.#settle === undefined) {
      this.#fail(recordsFull);
      return;
    }
    this.#decision = decision;
    const outgoing = computeOutgoing(this.#plan(this.#inForce), {
      request,
      length: this.#inbound.length,
      decision,
      body: this.#requestEnded ? this.#body.whole() : undefined,
    });
    if (outgoing.kind === 'refuse') {
      this.#refuse(outgoing);
      return;
    }
    if (outgoing.body !== undefined) this.#body.replace(outgoing.body);
    // The record tells the model that was paid for.
    this.#log.renamed(outgoing.model);
    this.#outgoing = outgoing;
    this.#states.enter('attempting');
    if (candidate.injection !== undefined) {
      this.#answer.arm(this.#inForce.snapshot.secretForms.of(candidate.injection));
    }
    this.#log.sending(request, candidate);
    this.#downstream.goOn();
    this.#try(outgoing, false);
  }

  // Attempt.

  #try(outgoing: Outgoing, fresh: boolean): void {
    const attempt = new Attempt(this, outgoing);
    this.#attempt = attempt;
    this.#log.attempted(this.#context.now());
    const { peer } = this.#inbound;
    attempt.start({
      pool: this.#inForce.pool,
      agentId: peer.agentId,
      http2: this.#downstream.http2,
      fresh,
    });
  }

  opened(stream: UpstreamStream): void {
    if (!this.#states.accepts('upstream-opened')) return;
    this.#log.peerAddress = stream.remoteAddress;
    let more = true;
    for (const bytes of this.#body.replay() ?? []) more = stream.write(bytes);
    if (this.#requestEnded) stream.end([]);
    else if (more) this.#downstream.resume();
  }

  failed(error: UpstreamError, repeatable: boolean): void {
    if (!this.#states.accepts('upstream-failed')) return;
    const outgoing = this.#outgoing;
    const canRepeat =
      repeatable &&
      this.#states.now === 'attempting' &&
      this.#repeats < maxRepeats &&
      this.#body.replay() !== undefined;
    this.#log.attemptFailed(error.code, this.#context.now());
    if (canRepeat && outgoing !== undefined) {
      this.#repeats += 1;
      this.#try(outgoing, true);
      return;
    }
    const { status, code, message, denyReason } = error;
    this.#fail({ status, code, message, denyReason });
  }

  // The agent's request.

  data(bytes: Buffer): boolean {
    if (!this.#states.accepts('agent-data')) return true;
    this.#quietSince = this.#context.now();
    this.#log.request.capture.push(bytes);
    if (this.#states.now === 'reading') {
      if (!this.#body.holdToJudge(bytes)) this.#refuse(bodyTooLarge);
      return true;
    }
    this.#log.observe(bytes);
    const stream = this.#attempt?.stream;
    if (stream === undefined) return this.#body.hold(bytes);
    if (this.#states.now === 'attempting') this.#body.sent(bytes);
    return stream.write(bytes);
  }

  end(): void {
    if (!this.#states.accepts('agent-end') || this.#requestEnded) return;
    this.#requestEnded = true;
    this.#log.request.endAt = this.#context.now();
    if (this.#states.now === 'reading') {
      this.#judgeHeld();
      return;
    }
    this.#attempt?.stream?.end([]);
    this.#log.observed();
  }

  aborted(): void {
    if (this.#states.now === 'done') return;
    this.#log.error = 'AGENT_GONE';
    this.#finish();
  }

  drained(): void {
    // Called by either side: the agent takes bytes again, or the upstream does.
    if (this.#states.now === 'done') return;
    this.#attempt?.stream?.resume();
    this.#downstream.resume();
  }

  /** Head and silence are bounded, not the whole of an answer that goes on. */
  tick(now: number): void {
    const { requestTimeoutMs } = this.#inForce.snapshot.config.upstream;
    if (!this.#states.accepts('clock') || now - this.#quietSince < requestTimeoutMs) return;
    const message = 'nothing came for longer than the gateway allows (spec.requestTimeout)';
    this.#fail({ status: 504, code: 'UPSTREAM_TIMEOUT', message, denyReason: undefined });
  }

  /** A new policy reaches every call that has not ended (S36): one not sent yet goes under it, others go on only if the same. */
  revalidate(): void {
    if (!this.#states.accepts('policy')) return;
    const inForce = this.#context.inForce();
    const request = this.#request;
    const before = this.#decision;
    if (before === undefined || request === undefined) {
      this.#inForce = inForce;
      this.#log.snapshot = inForce.snapshot;
      return;
    }
    const after = this.#ask(request, inForce);
    if (after.kind === 'allow' && isSameWay(before.candidates[0], after.candidates[0])) return;
    const message = 'the egress policy changed while the call was running';
    this.#fail({ status: 403, code: 'POLICY_CHANGED', message, denyReason: 'policy' });
  }

  // The upstream's answer.

  head(answer: UpstreamAnswer): void {
    if (!this.#states.accepts('upstream-head')) return;
    this.#quietSince = this.#context.now();
    this.#states.enter('answering');
    // From here no other attempt can answer.
    this.#body.release();
    if (this.#answer.head(answer, this.#context.now())) return;
    const message = 'the upstream compressed its answer although it was asked not to';
    this.#fail({ status: 502, code: 'UPSTREAM_ENCODING', message, denyReason: undefined });
  }

  body(bytes: Buffer): boolean {
    if (!this.#states.accepts('upstream-body')) return true;
    this.#quietSince = this.#context.now();
    return this.#answer.body(bytes);
  }

  finished(trailers: readonly Field[]): void {
    if (!this.#states.accepts('upstream-end')) return;
    this.#answer.finish(trailers);
    this.#attempt = undefined;
    this.#finish();
  }

  upgraded(answer: UpstreamAnswer, socket: Duplex, rest: Buffer): void {
    const agent = this.#states.accepts('upstream-upgraded')
      ? this.#answer.upgrade(answer, this.#context.now())
      : undefined;
    if (agent === undefined) {
      socket.destroy();
      this.#finish();
      return;
    }
    this.#states.enter('relaying');
    if (agent.rest.length > 0) agent.socket.unshift(agent.rest);
    if (rest.length > 0) socket.unshift(rest);
    this.#attempt = undefined;
    this.#relayed = [agent.socket, socket];
    void this.#context.relay(agent.socket, socket).then(({ up, down, error }) => {
      this.#log.request.capture.total += up;
      if (this.#log.response !== undefined) this.#log.response.capture.total += down;
      this.#log.error ??= error;
      this.#finish();
    });
  }

  // The ways to end without the upstream's answer.

  #refuse(refusal: Refusal): void {
    const { status, message, reason, body, policy } = refusal;
    this.#log.denyPolicy = policy;
    this.#fail({ status, code: refusal.code ?? 'EGRESS_DENIED', message, denyReason: reason, body });
  }

  #fail(failure: Failure): void {
    if (this.#states.now === 'done') return;
    this.#attempt?.abort();
    this.#answer.fail(failure, this.#context.now());
    for (const socket of this.#relayed) socket.destroy();
    this.#finish();
  }

  #finish(): void {
    if (!this.#states.enter('done')) return;
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#body.release();
    this.#answer.close();
    const record = this.#log.finish(this.#context.now());
    (this.#settle ?? this.#context.onRefused)(record, this.#log);
  }
}

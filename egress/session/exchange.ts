/**
 * One exchange, once through: identify → read what is needed → decide → ask a person, if need be → reserve → attempt → answer → settle →
 * record. It moves bytes between the agent and an Attempt as its Decision says and decides nothing itself (decision/). It answers at
 * most once (answer.ts) and records exactly once (exchange-log.ts, which only listens).
 */
import type { Duplex } from 'node:stream';
import { Boundary } from '../boundary.ts';
import type { Refusal } from '../../decision/index.ts';
import type { Field } from '../http1/index.ts';
import { identify, isRefusal } from '../pipeline/identify.ts';
import { lengthOf, type ReadBody } from '../pipeline/outgoing.ts';
import { isReadAlike, isSameUnsent } from '../pipeline/revalidate.ts';
import type { UpstreamAnswer } from '../upstream/exchange-port.ts';
import { Answer } from './answer.ts';
import { CallUse } from './call-use.ts';
import { Deliberation, type Allowed, type Decided, type DeliberationOwner } from './deliberation.ts';
import type { AbortReason, Downstream, RequestReader } from './downstream.ts';
import type { ExchangeContext, Inbound, PolicyInForce, Settle } from './exchange-context.ts';
import { ExchangeLog } from './exchange-log.ts';
import { ExchangeStates } from './exchange-state.ts';
import * as failure from './failure.ts';
import { Judgement } from './judgement.ts';
import { Parking, type ParkingOwner } from './parking.ts';
import { RequestWay } from './request-way.ts';
import { Sending, type SendingOwner } from './sending.ts';
import { Upgraded } from './upgraded.ts';

export class Exchange implements RequestReader, SendingOwner, DeliberationOwner, ParkingOwner {
  readonly #context: ExchangeContext;
  readonly #inbound: Inbound;
  readonly #downstream: Downstream;
  readonly #states = new ExchangeStates();
  readonly #log: ExchangeLog;
  readonly #way: RequestWay;
  readonly #answer: Answer;
  readonly #boundary: Boundary;
  #parking: Parking | undefined;
  #inForce: PolicyInForce;
  #deliberation: Deliberation | undefined;
  #decision: Allowed | undefined;
  #sending: Sending | undefined;
  #upgraded: Upgraded | undefined;
  #settle: Settle | undefined;
  #use: CallUse | undefined;
  /** Unix milliseconds since neither side has said anything. */
  #quietSince: number;

  constructor(context: ExchangeContext, inbound: Inbound, downstream: Downstream) {
    this.#context = context;
    this.#inbound = inbound;
    this.#downstream = downstream;
    this.#inForce = context.inForce();
    this.#quietSince = context.now();
    this.#log = new ExchangeLog(inbound, { snapshot: this.#inForce.snapshot, at: this.#quietSince });
    const { agentId } = inbound.peer;
    this.#way = new RequestWay({ share: context.held, agentId, readsAhead: !downstream.http2 });
    this.#boundary = new Boundary(() => this.#broke(), context.onBroken);
    const onState = (state: string): void =>
      this.#deliberation?.judgement.answeredWith(state, this.#decision?.counts ?? []);
    const holder = { share: context.held, agentId, onState };
    this.#answer = new Answer(downstream, this.#log, inbound.line.method, holder);
  }

  start(): void {
    const request = identify(this.#inbound.line, this.#inbound.peer);
    if (isRefusal(request)) return this.refuse(request);
    this.#deliberation = new Deliberation(
      new Judgement(this.#inbound, request, this.#boundary, this.#context.inputs),
      this,
    );
    this.#deliberation.begin(this.#inForce.snapshot);
  }

  reading(): void {
    this.#states.enter('reading');
  }

  readOn(): void {
    this.#downstream.goOn();
    this.#downstream.resume();
  }

  held(bytes: Buffer): void {
    if (!this.#states.accepts('body-read')) return;
    if (!this.#way.body.holdToJudge(bytes)) this.fail(failure.bodyTooLarge);
  }

  decided(decision: Decided, judgement: Judgement): void {
    if (this.#states.now === 'done') return;
    if (this.#states.now !== 'asking') this.#log.read(judgement.read);
    this.#log.decided(decision, judgement.planBy(this.#log.snapshot));
    if (decision.kind === 'refuse') return this.refuse(decision.refusal);
    const { maxBodyBytes } = decision.kind === 'ask' ? decision.allowed : decision;
    if (!this.#way.limit.bound(maxBodyBytes)) return this.fail(failure.bodyOverRule);
    if (decision.kind === 'allow') return this.#reserve(judgement, decision);
    // A person is asked: nothing is sent before.
    this.#states.enter('asking');
    const [{ approvals, now }, { peer }] = [this.#context, this.#inbound];
    this.#parking ??= new Parking(this, { approvals, now, peer, boundary: this.#boundary });
    this.#parking.begin(decision, judgement);
  }

  allowed(): void {
    if (this.#states.now !== 'asking') return;
    this.#quietSince = this.#context.now();
    this.#decideAgain();
  }

  #decideAgain(): void {
    const judgement = this.#deliberation?.judgement;
    const decision = this.#deliberation?.again(this.#inForce.snapshot);
    if (judgement === undefined || decision === undefined) return this.fail(failure.policyChanged);
    if (decision.kind === 'ask' && this.#parking?.isAbout(decision.ask) === true) return;
    this.#parking?.leave();
    this.decided(decision, judgement);
  }

  // Reserve: nothing is let through that cannot be recorded.

  #reserve(judgement: Judgement, decision: Allowed): void {
    this.#settle = this.#context.admit(this.#inbound.peer.agentId);
    if (this.#settle === undefined) return this.fail(failure.recordsFull);
    const body = judgement.asRead(this.#way.body.held());
    if (body !== undefined && lengthOf(body.bytes) > (decision.maxBodyBytes ?? Infinity)) {
      return this.fail(failure.bodyOverRule);
    }
    const { peer } = this.#inbound;
    const use = CallUse.of(decision, body, { prices: this.#inForce.snapshot.prices, agentId: peer.agentId });
    if ('status' in use) return this.fail(use);
    [this.#use, this.#decision] = [use, decision];
    this.#answer.tell(() => use.limitFields(this.#context.budgets, peer));
    this.#states.enter('reserving');
    use.begin(this.#context.budgets, peer, this.#boundary, {
      isReserving: () => this.#states.now === 'reserving',
      granted: () => this.#send(judgement, decision, use, body),
      overLimit: (refused) => this.refuse(judgement.refusalOf(refused)),
      fail: (reason) => this.fail(reason),
    });
  }

  // Send: to the first candidate that answers (sending.ts).

  #send(judgement: Judgement, decision: Allowed, use: CallUse, body: ReadBody | undefined): void {
    const [context, inForce, inbound, states] = [this.#context, this.#inForce, this.#inbound, this.#states];
    const [way, answer, log, boundary] = [this.#way, this.#answer, this.#log, this.#boundary];
    const { spending, counting } = use;
    const call = { judgement, decision, spending, counting, http2: this.#downstream.http2 };
    const parts = { context, inForce, inbound, states, way, answer, log, boundary, ...call };
    this.#sending = new Sending(this, parts, body);
    states.enter('attempting');
    this.#downstream.goOn();
    this.#sending.begin();
  }

  resume(): void {
    this.#downstream.resume();
  }

  data(bytes: Buffer): boolean {
    if (!this.#way.limit.add(bytes.length)) this.fail(failure.bodyOverRule);
    if (!this.#states.accepts('agent-data')) return true;
    this.#quietSince = this.#context.now();
    this.#log.request.capture.push(bytes);
    if (this.#states.now === 'reading') return this.#deliberation?.judgement.push(bytes) ?? true;
    this.#log.observe(bytes);
    return this.#way.push(bytes, this.#states.now === 'attempting');
  }

  end(trailers: readonly Field[]): void {
    if (!this.#states.accepts('agent-end') || this.#way.ended) return;
    this.#log.request.endAt = this.#context.now();
    this.#way.end(trailers);
    if (this.#states.now === 'reading') this.#deliberation?.judgement.end();
    else this.#log.observed();
  }

  aborted(why: AbortReason): void {
    if (this.#states.now === 'done') return;
    this.#log.error = why;
    this.#finish();
  }

  /** One side takes bytes again, so the other may send. */
  drained(side: 'agent' | 'upstream'): void {
    if (this.#states.now === 'done') return;
    if (side === 'agent') return this.#sending?.resume();
    this.#quietSince = this.#context.now();
    if (this.#way.drained()) this.#downstream.resume();
  }

  /** Head and silence are bounded, not the whole of an answer that goes on. */
  tick(now: number): void {
    const { requestTimeoutMs } = this.#inForce.snapshot.config.upstream;
    if (!this.#states.accepts('clock')) return;
    if (now - this.#quietSince >= requestTimeoutMs) return this.fail(failure.silence);
    this.#sending?.tick(now);
  }

  /** A new policy reaches every call that has not ended (S36): one not sent yet goes under it, others go on only if the same. */
  revalidate(): void {
    if (!this.#states.accepts('policy')) return;
    const inForce = this.#context.inForce();
    const before = this.#decision;
    if (before === undefined) {
      this.#inForce = inForce;
      this.#log.snapshot = inForce.snapshot;
      if (this.#states.now === 'asking') return this.#decideAgain();
      return this.#deliberation?.use(inForce.snapshot);
    }
    const after = this.#deliberation?.judgement.ask(inForce.snapshot);
    if (after?.kind !== 'allow' || !this.#isStillAllowed(before, after)) this.fail(failure.policyChanged);
  }

  #isStillAllowed(before: Allowed, after: Allowed): boolean {
    if (!isReadAlike(before, after) || this.#upgraded?.revalidate() === false) return false;
    return this.#sending?.isStillAllowed(after.candidates) ?? isSameUnsent(before, after);
  }

  head(answer: UpstreamAnswer): void {
    this.#quietSince = this.#context.now();
    this.#states.enter('answering');
    this.#use?.spending.answered(answer.status);
    // From here no other attempt can answer.
    this.#way.answered();
    this.#answer.head(answer, this.#context.now());
    if (this.#answer.refusal !== undefined) this.fail(this.#answer.refusal);
  }

  body(bytes: Buffer): boolean {
    if (!this.#states.accepts('upstream-body')) return true;
    this.#quietSince = this.#context.now();
    const more = this.#answer.body(bytes);
    if (this.#answer.refusal !== undefined) this.fail(this.#answer.refusal);
    else if (this.#answer.over) this.#stop();
    return more;
  }

  /** The agent has all it gets: what the upstream still says is for nobody. */
  #stop(): void {
    this.#sending?.abort();
    this.#finish();
  }

  finished(trailers: readonly Field[]): void {
    if (!this.#states.accepts('upstream-end')) return;
    this.#answer.finish(trailers);
    this.#finish();
  }

  upgraded(answer: UpstreamAnswer, socket: Duplex, rest: Buffer): void {
    const isExpected = this.#states.accepts('upstream-upgraded');
    const agent = isExpected ? this.#answer.upgrade(answer, this.#context.now()) : undefined;
    const [judgement, decision] = [this.#deliberation?.judgement, this.#decision];
    if (agent === undefined || judgement === undefined || decision === undefined) {
      socket.destroy();
      return this.#finish();
    }
    this.#states.enter('relaying');
    const [context, inbound, log, boundary] = [this.#context, this.#inbound, this.#log, this.#boundary];
    const sides = { agent, upstream: { socket, rest }, frames: this.#answer.createFrameScrubber() };
    this.#upgraded = new Upgraded({ context, inbound, log, boundary, judgement, decision }, sides);
    this.#upgraded.begin(() => this.#finish());
  }

  // The ways to end without the upstream's answer.

  /** A defect of ours. */
  #broke(): void {
    this.#upgraded?.destroy('GATEWAY_FAULT');
    this.#downstream.abort();
    this.aborted('GATEWAY_FAULT');
  }

  refuse(refusal: Refusal): void {
    this.fail(failure.ofRefusal(refusal));
  }

  fail(reason: failure.Failure): void {
    if (this.#states.now === 'done') return;
    this.#sending?.abort();
    this.#answer.fail(reason, this.#context.now());
    this.#upgraded?.destroy(reason.code);
    this.#finish();
  }

  #finish(): void {
    if (!this.#states.enter('done')) return;
    this.#sending?.end();
    this.#deliberation?.judgement.close();
    this.#parking?.leave();
    this.#log.approval = this.#parking?.facts;
    this.#way.close();
    this.#way.body.release();
    this.#answer.close();
    this.#log.trailersDropped = this.#way.trailersDropped;
    this.#log.budget = this.#use?.end(this.#log, this.#answer.seenOutput);
    const record = this.#log.finish(this.#context.now());
    (this.#settle ?? this.#context.onRefused)(record, this.#log);
  }
}

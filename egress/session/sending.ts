/**
 * A decided call on its way to an upstream: one try at a time, each at its own candidate with that one's request and secret, until
 * one answers. Apart from the exchange because nothing here reaches the agent; once something has, nothing is tried again (S49).
 */
import type { Duplex } from 'node:stream';
import type { Boundary } from '../boundary.ts';
import type { Candidate, Refusal, SitePlan } from '../../decision/index.ts';
import { parseRetryAfter } from '../fallback/retry-after.ts';
import { fieldValue, type Field } from '../http1/index.ts';
import { computeOutgoing, type Outgoing, type ReadBody } from '../pipeline/outgoing.ts';
import { isSameWay } from '../pipeline/revalidate.ts';
import type { UpstreamAnswer, UpstreamReader, UpstreamStream } from '../upstream/exchange-port.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { Answer } from './answer.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { CallToken } from './call-token.ts';
import type { CallCounting } from './call-counting.ts';
import type { Allowed } from './deliberation.ts';
import type { ExchangeContext, Inbound, PolicyInForce } from './exchange-context.ts';
import type { ExchangeLog } from './exchange-log.ts';
import type { ExchangeStates } from './exchange-state.ts';
import * as failure from './failure.ts';
import type { Judgement } from './judgement.ts';
import type { RequestWay } from './request-way.ts';
import type { Spending } from './spending.ts';
import { Tries } from './tries.ts';

/** A try that an upstream closed before it saw anything is repeated this often. */
const maxRepeats = 2;

/** Called while the exchange accepts it; `head` for the one answer that is passed on. */
export interface SendingOwner extends Omit<UpstreamReader, 'failed'> {
  /** The agent may send more of its request. */
  resume(): void;
  fail(reason: failure.Failure): void;
  refuse(refusal: Refusal): void;
}

export interface SendingParts {
  readonly context: ExchangeContext;
  readonly inForce: PolicyInForce;
  readonly inbound: Inbound;
  readonly http2: boolean;
  readonly states: ExchangeStates;
  readonly way: RequestWay;
  readonly answer: Answer;
  readonly log: ExchangeLog;
  readonly counting: CallCounting;
  readonly spending: Spending;
  readonly boundary: Boundary;
  readonly judgement: Judgement;
  readonly decision: Allowed;
}

export class Sending implements AttemptOwner {
  readonly #owner: SendingOwner;
  readonly #parts: SendingParts;
  readonly #tries: Tries;
  readonly #token: CallToken;
  #attempt: Attempt | undefined;
  #candidate: Candidate;
  #outgoing: Outgoing | undefined;
  /** As it was judged; undefined: it goes through as it comes, or no other try needs it. */
  #body: ReadBody | undefined;
  #repeats = 0;
  readonly #answerId: string;
  /** One of the tries at this candidate may have reached the upstream's program. */
  #mayBeProcessed = false;
  /** Unix milliseconds since the upstream has had all of the request, or the try began. */
  #since = 0;

  constructor(owner: SendingOwner, parts: SendingParts, body: ReadBody | undefined) {
    this.#owner = owner;
    this.#parts = parts;
    this.#body = body;
    const { context, inbound, decision } = parts;
    this.#tries = new Tries(context.health, inbound.peer.agentId, decision);
    [this.#candidate] = decision.candidates;
    this.#token = new CallToken({ tokens: context.tokens, log: parts.log, boundary: parts.boundary });
    const isTranslated = decision.candidates.some(({ translation }) => translation !== undefined);
    this.#answerId = isTranslated ? context.newId() : '';
    // Where there is another Backend to send it to, a body is kept as far as the agent's share goes.
    if (decision.candidates.length > 1) parts.way.body.keep();
  }

  begin(): void {
    const refusal = this.#send(this.#tries.first());
    if (refusal !== undefined) this.#owner.refuse(refusal);
  }

  /** Nothing of a try that was given up arrives any more. Safe to repeat. */
  abort(): void {
    this.#token.stop();
    this.#attempt?.abort();
    this.#attempt = undefined;
  }

  /** The call is over. */
  end(): void {
    this.abort();
    this.#tries.end();
  }

  /** The agent takes bytes again. */
  resume(): void {
    this.#attempt?.stream?.resume();
  }

  /** A new policy allows these. The call goes on where it is, if that is one of them, and nowhere else. */
  isStillAllowed(candidates: readonly Candidate[]): boolean {
    this.#tries.stay();
    return candidates.some((candidate) => isSameWay(this.#candidate, candidate));
  }

  /** Called about once a second. */
  tick(now: number): void {
    const { states, way, decision } = this.#parts;
    const limitMs = decision.fallback?.perTryTimeoutMs;
    if (limitMs === undefined || this.#attempt === undefined || states.now !== 'attempting') return;
    // An agent that is slow to send is no fault of the Backend's.
    if (!way.ended) this.#since = now;
    if (now - this.#since < limitMs) return;
    const unprocessed = this.#attempt.stream === undefined;
    this.abort();
    const message = 'the try took longer than its FallbackRoutingPolicy allows';
    this.failed(new UpstreamError('UPSTREAM_TIMEOUT', message, { status: 504, unprocessed }), false);
  }

  /** Sends to `candidate`, or to the next that the request can be made ready for; the result: why to none. */
  #send(candidate: Candidate): Refusal | undefined {
    const { context, judgement, inForce, inbound, decision, spending } = this.#parts;
    const body = this.#body;
    const plan = judgement.planBy(inForce.snapshot);
    let refusal: Refusal | undefined;
    for (let next: Candidate | undefined = candidate; next !== undefined; next = this.#tries.instead()) {
      const wanted = next;
      const ready = this.#token.take(next, () => this.#sendNow(wanted));
      if (ready === undefined) return this.#wait(next);
      if ('kind' in ready) {
        refusal ??= ready;
        continue;
      }
      const outgoing = computeOutgoing(plan, {
        request: judgement.request,
        length: inbound.length,
        decision,
        candidate: ready,
        body,
        outputCap: spending.outputCap,
        outputBound: spending.outputBound,
        unixMs: context.unixMs(),
        answerId: this.#answerId,
      });
      if (outgoing.kind === 'outgoing') {
        this.#candidate = next;
        this.#start(plan, ready, outgoing);
        return undefined;
      }
      refusal ??= outgoing;
    }
    return refusal;
  }

  /** Its token is asked for, and nothing is sent meanwhile. */
  #wait(candidate: Candidate): undefined {
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#parts.way.close();
    this.#candidate = candidate;
  }

  #sendNow(candidate: Candidate): void {
    if (this.#parts.states.now !== 'attempting') return;
    const refusal = this.#send(candidate);
    if (refusal !== undefined) this.#owner.refuse(refusal);
  }

  #start(plan: SitePlan, candidate: Candidate, outgoing: Outgoing): void {
    const { way, log, answer, inForce, judgement, spending } = this.#parts;
    const { injection } = candidate;
    this.abort();
    way.close();
    this.#mayBeProcessed = false;
    const noTrailers = plan.kind === 'open' && plan.readsFields;
    way.prepare(outgoing, { injection, judged: this.#body?.bytes, noTrailers });
    log.sending(judgement.request, candidate, outgoing);
    // The secrets of this try and of no other: an upstream knows its own alone.
    answer.expect(injection && inForce.snapshot.secretForms.of(injection), outgoing, spending.answerBound);
    this.#try(outgoing, false);
  }

  #try(outgoing: Outgoing, fresh: boolean): void {
    const { context, inForce, inbound, boundary, log, http2, counting } = this.#parts;
    counting.trying();
    const attempt = new Attempt(this, outgoing, boundary);
    this.#attempt = attempt;
    this.#outgoing = outgoing;
    this.#since = context.now();
    log.attempted(this.#since);
    const { agentId } = inbound.peer;
    attempt.start({ pool: inForce.pool, agentId, http2, fresh });
  }

  opened(stream: UpstreamStream): void {
    const { states, spending, counting, log, way } = this.#parts;
    if (!states.accepts('upstream-opened')) return;
    spending.sent();
    counting.sent();
    this.#tries.connected();
    log.peerAddress = stream.remoteAddress;
    if (way.open(stream)) this.#owner.resume();
  }

  failed(error: UpstreamError, repeatable: boolean): void {
    const { states, way, log, counting } = this.#parts;
    if (!states.accepts('upstream-failed')) return;
    this.#mayBeProcessed ||= !error.unprocessed;
    counting.failed(error.unprocessed);
    const isUnanswered = states.now === 'attempting' && way.body.replay() !== undefined;
    way.close();
    this.abort();
    log.attemptFailed(error.code);
    const outgoing = this.#outgoing;
    if (isUnanswered && repeatable && this.#repeats < maxRepeats && outgoing !== undefined) {
      this.#repeats += 1;
      return this.#try(outgoing, true);
    }
    this.#tries.failed(error);
    if (isUnanswered && this.#tries.mayGoOn({ kind: 'fault' })) return this.#goOn(error);
    this.#giveUp(error, isUnanswered);
  }

  /** Tokens are not paid for where no upstream can have begun. */
  #giveUp(error: UpstreamError, isUnanswered: boolean): void {
    if (isUnanswered && !this.#mayBeProcessed) this.#parts.spending.unused();
    this.#owner.fail(failure.of(error));
  }

  /** What the Backend that failed may have used is not used again: another try asks for its own. */
  #goOn(error: UpstreamError): void {
    const { states, spending, context, inbound, boundary } = this.#parts;
    const go = (refused?: failure.Failure): void => {
      if (states.now !== 'attempting') return;
      const next = refused === undefined ? this.#tries.next() : undefined;
      if (next === undefined || this.#send(next) !== undefined) this.#owner.fail(failure.of(error));
    };
    if (spending.mayHaveUsed(error.unprocessed)) {
      spending.reserveAgain(context.budgets, inbound.peer, boundary.guard(go));
      return;
    }
    spending.unused();
    go();
  }

  head(answer: UpstreamAnswer): void {
    const { states, way, log, context } = this.#parts;
    if (!states.accepts('upstream-head')) return;
    const { status, fields } = answer;
    this.#token.answered(status);
    this.#tries.answered(status, parseRetryAfter(fieldValue(fields, 'retry-after'), context.now()));
    if (this.#tries.mayGoOn({ kind: 'answer', status })) {
      if (way.body.replay() === undefined) log.retryIneligible = 'body_too_large';
      else if (this.#isReplaced(status)) return;
    }
    // No other try needs it: what an answer that lasts keeps is not the agent's share.
    this.#body = undefined;
    this.#outgoing = undefined;
    this.#owner.head(answer);
  }

  /** Nothing of an answer that is replaced reaches the agent. */
  #isReplaced(status: number): boolean {
    const next = this.#tries.next();
    if (next === undefined) return false;
    const { log, spending } = this.#parts;
    log.attemptAnswered(status);
    // Those that are tried after are of 400 and more.
    spending.unused();
    return this.#send(next) === undefined;
  }

  body(bytes: Buffer): boolean {
    return this.#owner.body(bytes);
  }

  finished(trailers: readonly Field[]): void {
    // Its connection may serve another call.
    if (this.#parts.states.accepts('upstream-end')) this.#attempt = undefined;
    this.#owner.finished(trailers);
  }

  upgraded(answer: UpstreamAnswer, socket: Duplex, rest: Buffer): void {
    this.#attempt = undefined;
    this.#owner.upgraded(answer, socket, rest);
  }

  drained(side: 'upstream'): void {
    this.#owner.drained(side);
  }
}

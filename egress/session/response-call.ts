/**
 * One response that an agent asks for in an open WebSocket, from its message to its one record: judged, perhaps asked of a person,
 * counted, promised tokens, sent, read to its last event, settled. It moves no bytes itself and decides nothing (decision/).
 */
import { refuse, type Candidate, type Refusal } from '../../decision/index.ts';
import type { EventRead } from '../body/index.ts';
import { rewriteRequest } from '../pipeline/rewrite.ts';
import { isSameWay } from '../pipeline/revalidate.ts';
import { OutputMeter } from '../translation/index.ts';
import { CallUse } from './call-use.ts';
import type { Allowed, Decided } from './deliberation.ts';
import type { Settle } from './exchange-context.ts';
import { ExchangeLog } from './exchange-log.ts';
import * as failure from './failure.ts';
import { Parking, type ParkingOwner } from './parking.ts';
import type { AgentMessage } from './agent-messages.ts';
import type { ServerEvent } from '../socket/server-messages.ts';
import type { SocketParts } from './socket-parts.ts';

/** Called while it lives. */
export interface ResponseOwner {
  /** Its message, as it goes upstream. */
  send(parts: readonly Buffer[]): void;
  /** It did not go: why. */
  refused(reason: failure.Failure): void;
  /** More than it was promised has come: the socket cannot go on. */
  overrun(): void;
  /** Nothing more happens with it. */
  over(): void;
}

/** The events that end a response. */
export const lastEvents: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.done',
]);

type State = 'judging' | 'asking' | 'reserving' | 'running' | 'over';

export class ResponseCall implements ParkingOwner {
  readonly read: EventRead;
  readonly #parts: SocketParts;
  readonly #message: AgentMessage;
  readonly #owner: ResponseOwner;
  readonly #log: ExchangeLog;
  readonly #parking: Parking;
  readonly #approvals = new Map<string, 'Allow' | 'Deny'>();
  /** Tokens of what the server keeps of this socket and reads again. */
  readonly #carried: number;
  #state: State = 'judging';
  #decision: Allowed | undefined;
  #settle: Settle | undefined;
  #use: CallUse | undefined;
  #meter: OutputMeter | undefined;
  #isCut = false;
  /** Of the response; undefined: the upstream has not begun one. */
  #responseId: string | undefined;

  constructor(
    parts: SocketParts,
    asked: { readonly message: AgentMessage; readonly read: EventRead; readonly carried: number },
    owner: ResponseOwner,
  ) {
    [this.#parts, this.#message, this.#owner] = [parts, asked.message, owner];
    [this.read, this.#carried] = [asked.read, asked.carried];
    const { context, inbound, boundary } = parts;
    const [at, { peer }] = [context.now(), inbound];
    this.#log = new ExchangeLog(inbound, { snapshot: context.inForce().snapshot, at });
    this.#parking = new Parking(this, { approvals: context.approvals, peer, now: context.now, boundary });
    for (const bytes of asked.message.bytes) this.#log.request.capture.push(bytes);
  }

  /** Of its last event: what it read and wrote in all. */
  get tokens(): number {
    const { inputTokens = 0, outputTokens = 0 } = this.#log.facts;
    return inputTokens + outputTokens;
  }

  begin(): void {
    this.#log.read(this.read);
    this.#log.facts.stream = true;
    this.#judge();
  }

  #decide(): Decided {
    const { judgement, context, isWay } = this.#parts;
    const { read } = this;
    const body = { kind: 'inference', model: read.model } as const;
    const bodyBytes = this.#message.bytes.reduce((sum, { length }) => sum + length, 0);
    const message = { body, bodyBytes, approvals: this.#approvals };
    return judgement.askMessage(context.inForce().snapshot, message, isWay);
  }

  #judge(): void {
    const { judgement, context } = this.#parts;
    const decision = this.#decide();
    this.#log.snapshot = context.inForce().snapshot;
    this.#log.decided(decision, judgement.planBy(this.#log.snapshot));
    if (decision.kind === 'refuse') return this.refuse(decision.refusal);
    if (decision.kind === 'allow') return this.#reserve(decision);
    this.#state = 'asking';
    const { request } = judgement;
    this.#parking.begin(decision, { request, approve: (key, answer) => this.#approvals.set(key, answer) });
  }

  allowed(): void {
    if (this.#state === 'asking') this.#judge();
  }

  #reserve(decision: Allowed): void {
    const { context, inbound, boundary } = this.#parts;
    const { agentId } = inbound.peer;
    this.#settle = context.admit(agentId);
    if (this.#settle === undefined) return this.fail(failure.recordsFull);
    const body = { bytes: this.#message.bytes, decoded: false, read: this.read };
    const by = { prices: this.#log.snapshot.prices, agentId };
    const use = CallUse.of(decision, body, by, this.#carried);
    if ('status' in use) return this.fail(use);
    [this.#use, this.#decision, this.#state] = [use, decision, 'reserving'];
    use.begin(context.budgets, inbound.peer, boundary, {
      isReserving: () => this.#state === 'reserving',
      granted: () => this.#send(decision, use),
      overLimit: (refused) => this.refuse(refused),
      fail: (reason) => this.fail(reason),
    });
  }

  #send(decision: Allowed, use: CallUse): void {
    const { context, judgement } = this.#parts;
    const { operation, schema, budget } = decision;
    const [{ backend }] = decision.candidates;
    // Under a budget the answer is always held to what it is counted with: nothing else of a socket's can be taken back.
    const outputCap = use.spending.outputCap ?? use.spending.outputBound;
    const asked = { operation, schema, budget, backend, outputCap };
    const rewrite = rewriteRequest(asked, this.#message.bytes, this.read);
    if (rewrite?.kind === 'refuse') return this.refuse(rewrite);
    const bound = use.spending.answerBound;
    this.#meter = bound && new OutputMeter(bound.tokens);
    this.#log.sending(judgement.request, decision.candidates[0], {
      model: rewrite?.model,
      translated: undefined,
    });
    this.#log.attempted(context.now());
    use.counting.trying();
    use.spending.sent();
    use.counting.sent();
    this.#state = 'running';
    this.#owner.send(rewrite?.body ?? this.#message.bytes);
    this.#message.release();
  }

  /** It has been sent, and the upstream may answer it. */
  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** False: it is about a response that nobody asked for. */
  event(event: ServerEvent, bytes: number): boolean {
    const { type, responseId = '' } = event;
    if (type === 'response.created') {
      if (this.#responseId !== undefined && this.#responseId !== responseId) return false;
      this.#responseId = responseId;
      this.#answered(200);
    }
    this.#observe(event, bytes);
    if (type === 'error') this.#failed(event);
    else if (lastEvents.has(type)) this.#completed(type);
    else if (this.#meter?.isOver === true) this.#overrun();
    return true;
  }

  #observe({ object }: ServerEvent, bytes: number): void {
    const { payee, facts, response } = this.#log;
    this.#log.responseChunks += 1;
    if (response !== undefined) response.capture.total += bytes;
    payee?.readResponse(object, facts);
    const { delta } = object;
    if (typeof delta === 'string') this.#meter?.count(delta.length);
    if (facts.finishReasons === undefined) this.#meter?.tell(facts.outputTokens);
  }

  #failed({ object: { status } }: ServerEvent): void {
    // Before it has begun nothing was used.
    if (this.#responseId === undefined) this.#answered(typeof status === 'number' ? status : 400);
    this.#log.error ??= 'RESPONSE_FAILED';
    this.#finish();
  }

  #completed(type: string): void {
    this.#answered(200);
    if (type === 'response.failed') this.#log.error ??= 'RESPONSE_FAILED';
    this.#finish();
  }

  #overrun(): void {
    this.#isCut = true;
    this.#log.failed(failure.budgetCut);
    this.#owner.overrun();
    this.#finish();
  }

  #answered(status: number): void {
    if (this.#log.response !== undefined) return;
    this.#log.startResponse(status, [], this.#parts.context.now());
    this.#use?.spending.answered(status);
  }

  /** A new policy (S36). False: what has been sent would not be allowed any more. */
  revalidate(): boolean {
    if (this.#state === 'over' || this.#state === 'judging') return true;
    const after = this.#decide();
    if (this.#state === 'asking') {
      if (after.kind !== 'ask' || !this.#parking.isAbout(after.ask)) {
        this.#parking.leave();
        this.#judge();
      }
      return true;
    }
    const before = this.#decision?.candidates[0];
    return after.kind === 'allow' && before !== undefined && isSameWay(before, after.candidates[0]);
  }

  refuse(refusal: Refusal): void {
    this.fail(failure.ofRefusal(refusal));
  }

  /** It does not go. */
  fail(reason: failure.Failure): void {
    if (this.#state === 'over') return;
    this.#log.failed(reason);
    this.#log.startResponse(reason.status, [], this.#parts.context.now());
    this.#owner.refused(reason);
    this.#finish();
  }

  /** The socket is over. */
  broken(error: string): void {
    if (this.#state === 'over') return;
    this.#log.error ??= error;
    this.#finish();
  }

  #finish(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    const { context } = this.#parts;
    this.#parking.leave();
    this.#log.approval = this.#parking.facts;
    this.#message.release();
    this.#log.budget = this.#use?.end(this.#log, this.#isCut ? this.#meter?.estimate : undefined);
    const now = context.now();
    this.#log.request.endAt = this.#log.request.headAt;
    const record = this.#log.finish(now);
    (this.#settle ?? context.onRefused)(record, this.#log);
    this.#owner.over();
  }
}

/** Of a way that the open socket goes: its own. */
export function isWayOf(own: Candidate): (candidate: Candidate) => boolean {
  return (candidate) => isSameWay(own, candidate);
}

export const tooMany = refuse(
  429,
  'limit',
  'too many responses of this WebSocket wait for the ones before them; wait for their last events',
);

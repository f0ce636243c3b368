/**
 * One exchange from the agent's request to the record: runs the pipeline's stages in order and moves the bytes between
 * the agent and an Attempt at the upstream. The stages decide (pipeline/); this is the one file where their decisions
 * become I/O. It answers at most once (answer.ts) and records exactly once (exchange-log.ts).
 */
import type { Duplex } from 'node:stream';
import type { Field } from '../http1/index.ts';
import { adapt } from '../pipeline/adapt.ts';
import { reserveBudget } from '../pipeline/budget.ts';
import type { Call, Peer, Refusal } from '../pipeline/call.ts';
import { computeInjection } from '../pipeline/credential.ts';
import { identify, isRefusal, type RequestLine } from '../pipeline/identify.ts';
import { judgeMcp } from '../pipeline/mcp.ts';
import { stillAllowed } from '../pipeline/revalidate.ts';
import { mayRewrite, rewriteRequest } from '../pipeline/rewrite.ts';
import { routeCall, type Route } from '../pipeline/route.ts';
import type { Outcome, SpanRecord } from '../record/exchange-record.ts';
import type { Snapshot } from '../snapshot.ts';
import type {
  BodyLength,
  UpstreamAnswer,
  UpstreamReader,
  UpstreamStream,
} from '../upstream/exchange-port.ts';
import type { UpstreamPool } from '../upstream/pool.ts';
import type { UpstreamError } from '../upstream/upstream-error.ts';
import { Answer, type Failure } from './answer.ts';
import { Attempt, type AttemptOwner, type Outgoing } from './attempt.ts';
import type { AbortReason, Downstream, RequestReader } from './downstream.ts';
import { ExchangeLog } from './exchange-log.ts';
import { bodyTooLarge, RequestBuffer, type JudgedBytes } from './request-buffer.ts';

export interface ExchangeContext {
  readonly snapshot: Snapshot;
  readonly pool: UpstreamPool;
  readonly judged: JudgedBytes;
  readonly now: () => number;
  readonly onRecord: (record: SpanRecord, outcome: Outcome) => void;
  /** Relays a WebSocket; resolves when it is over. */
  readonly relay: (
    agent: Duplex,
    upstream: Duplex,
  ) => Promise<{ up: number; down: number; error: string | undefined }>;
}

export interface Inbound {
  readonly peer: Peer;
  readonly tls: boolean;
  readonly line: RequestLine;
  readonly length: BodyLength;
}

export class Exchange implements RequestReader, UpstreamReader, AttemptOwner {
  readonly #context: ExchangeContext;
  readonly #inbound: Inbound;
  readonly #downstream: Downstream;
  readonly #log: ExchangeLog;
  readonly #body: RequestBuffer;
  readonly #answer: Answer;
  readonly #attempt: Attempt;
  readonly #deadline: number;
  #call: Call | undefined;
  #route: Route | undefined;
  /** The whole body is needed before the call can be decided. */
  #judging = false;
  #requestEnded = false;
  #done = false;

  constructor(context: ExchangeContext, inbound: Inbound, downstream: Downstream) {
    this.#context = context;
    this.#inbound = inbound;
    this.#downstream = downstream;
    const { peer, line, tls } = inbound;
    const at = context.now();
    this.#log = new ExchangeLog(peer, tls, line, { snapshot: context.snapshot, at });
    this.#body = new RequestBuffer(context.judged);
    this.#answer = new Answer(downstream, this.#log, line.method);
    this.#attempt = new Attempt(context.pool, { agentId: peer.agentId, http2: downstream.http2 }, this);
    this.#deadline = at + context.snapshot.config.upstream.requestTimeoutMs;
  }

  start(): void {
    const { line, peer, tls, length } = this.#inbound;
    const call = identify(line, peer, tls);
    if (isRefusal(call)) return this.#refuse(call);
    this.#log.learnCodec(call, undefined);
    this.#decide({ ...call, model: this.#log.facts.model }, length === 0);
  }

  /** `bodyRead`: what the body says is known, or there is none. */
  #decide(call: Call, bodyRead: boolean): void {
    this.#call = call;
    this.#log.call = call;
    const route = routeCall(this.#context.snapshot.config, call, bodyRead);
    if (route.kind === 'need-model') this.#judge();
    else if (route.kind === 'refuse') this.#refuse(route);
    else this.#prepare(call, route, bodyRead);
  }

  #judge(): void {
    this.#judging = true;
    this.#downstream.goOn();
  }

  #prepare(call: Call, route: Route, bodyRead: boolean): void {
    this.#route = route;
    this.#log.route = route;
    this.#log.learnCodec(call, route);
    this.#log.limit(route.logging);
    if (!this.#judgeMcp(call, bodyRead)) return;
    const reserve = reserveBudget(route);
    if (reserve.kind === 'refuse') return this.#refuse(reserve);
    const injection = computeInjection(this.#context.snapshot.config, call, route);
    if (injection.kind === 'refuse') {
      this.#log.credentialError = injection;
      this.#refuse(injection);
      return;
    }
    if (!bodyRead && mayRewrite(call, route.backend, this.#log.codec)) {
      this.#judge();
      return;
    }
    this.#log.injection = injection;
    this.#answer.arm(this.#context.snapshot.secretForms.of(injection));
    const request = adapt(call, route, injection);
    this.#dispatch(call, route, { target: route.target, request, length: this.#inbound.length });
  }

  /** False: refused, or its body is needed first. */
  #judgeMcp(call: Call, bodyRead: boolean): boolean {
    const body = bodyRead ? this.#body.judged() : undefined;
    const verdict = judgeMcp(this.#context.snapshot.config, call, body);
    if (verdict.kind === 'need-body') {
      this.#judge();
      return false;
    }
    this.#log.mcp = verdict.facts;
    this.#log.limit(verdict.logging);
    if (verdict.kind === 'pass') return true;
    this.#refuse(verdict.refusal);
    return false;
  }

  #dispatch(call: Call, route: Route, outgoing: Outgoing): void {
    const { codec, facts } = this.#log;
    const rewrite = mayRewrite(call, route.backend, codec)
      ? rewriteRequest({ call, backend: route.backend, codec, body: this.#body.judged() })
      : undefined;
    if (rewrite?.kind === 'refuse') {
      this.#refuse(rewrite);
      return;
    }
    this.#downstream.goOn();
    if (rewrite === undefined) {
      this.#attempt.start(outgoing);
      return;
    }
    this.#body.replace(rewrite.body);
    // The record tells the model that was paid for; `call` keeps the one that was judged.
    if (rewrite.model !== undefined) facts.model = rewrite.model;
    const fields = rewrite.fieldsOf(outgoing.request.fields);
    const request = { ...outgoing.request, fields };
    this.#attempt.start({ ...outgoing, request, length: rewrite.body.length });
  }

  opened(stream: UpstreamStream): void {
    this.#log.peerAddress = stream.remoteAddress;
    let more = true;
    for (const bytes of this.#body.takeAll()) more = stream.write(bytes);
    if (this.#requestEnded) stream.end([]);
    else if (more) this.#downstream.resume();
  }

  // The agent's request.

  data(bytes: Buffer): boolean {
    if (this.#done) return true;
    this.#log.request.capture.push(bytes);
    if (this.#log.codec !== undefined && !this.#judging) this.#body.observe(bytes);
    const { stream } = this.#attempt;
    if (stream !== undefined) return stream.write(bytes);
    if (!this.#body.hold(bytes, this.#judging)) {
      this.#refuse(bodyTooLarge);
      return true;
    }
    return this.#judging || !this.#body.full;
  }

  end(): void {
    if (this.#done || this.#requestEnded) return;
    this.#requestEnded = true;
    this.#log.request.endAt = this.#context.now();
    if (this.#judging && this.#call !== undefined) {
      this.#judging = false;
      this.#log.readRequest(this.#body.judgedJson());
      this.#decide({ ...this.#call, model: this.#log.facts.model }, true);
      return;
    }
    this.#attempt.stream?.end([]);
    if (this.#log.codec !== undefined) this.#log.readRequest(this.#body.observedJson());
  }

  aborted(why: AbortReason): void {
    if (this.#done) return;
    this.#log.error = why;
    this.#attempt.abort();
    this.#finish();
  }

  drained(side: 'agent' | 'upstream'): void {
    if (side === 'agent') this.#attempt.stream?.resume();
    else this.#downstream.resume();
  }

  tick(now: number): void {
    if (this.#done || now < this.#deadline) return;
    const message = 'the call took longer than the gateway allows (spec.requestTimeout)';
    this.#fail({ status: 504, code: 'UPSTREAM_TIMEOUT', message, denyReason: undefined });
  }

  revalidate(snapshot: Snapshot): void {
    const call = this.#call;
    if (this.#done || call === undefined || this.#route === undefined) return;
    if (stillAllowed(this.#context.snapshot.config, snapshot.config, call, this.#log.injection)) return;
    const message = 'the egress policy changed while the call was running';
    this.#fail({ status: 403, code: 'POLICY_CHANGED', message, denyReason: 'policy' });
  }

  // The upstream's answer.

  head(answer: UpstreamAnswer): void {
    if (this.#answer.head(answer, this.#context.now())) return;
    const message = 'the upstream compressed its answer although it was asked not to';
    this.#fail({ status: 502, code: 'UPSTREAM_ENCODING', message, denyReason: undefined });
  }

  body(bytes: Buffer): boolean {
    return this.#done || this.#answer.body(bytes);
  }

  finished(trailers: readonly Field[]): void {
    if (this.#done) return;
    this.#answer.finish(trailers);
    this.#finish();
  }

  upgraded(answer: UpstreamAnswer, socket: Duplex, rest: Buffer): void {
    const agent = this.#answer.upgrade(answer, this.#context.now());
    if (agent === undefined) {
      socket.destroy();
      this.#finish();
      return;
    }
    if (agent.rest.length > 0) agent.socket.unshift(agent.rest);
    if (rest.length > 0) socket.unshift(rest);
    this.#attempt.lose();
    void this.#context.relay(agent.socket, socket).then(({ up, down, error }) => {
      this.#log.request.capture.total += up;
      if (this.#log.response !== undefined) this.#log.response.capture.total += down;
      this.#log.error ??= error;
      this.#finish();
    });
  }

  failed(error: UpstreamError): void {
    this.#attempt.lose();
    if (this.#done) return;
    if (!this.#answer.started && this.#attempt.retry(error)) return;
    const { status, code, message, denyReason } = error;
    this.#fail({ status, code, message, denyReason });
  }

  // The ways to end without the upstream's answer.

  #refuse(refusal: Refusal): void {
    const { status, message, reason, body } = refusal;
    this.#log.denyPolicy = refusal.policy;
    const usual = reason === 'credential' ? 'CREDENTIAL_UNAVAILABLE' : 'EGRESS_DENIED';
    this.#fail({ status, code: refusal.code ?? usual, message, denyReason: reason, body });
  }

  #fail(failure: Failure): void {
    this.#attempt.abort();
    this.#body.takeAll();
    this.#answer.fail(failure, this.#context.now());
    this.#finish();
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#attempt.close();
    this.#body.takeAll();
    this.#answer.close();
    this.#context.onRecord(this.#log.finish(this.#context.now()), this.#log);
  }
}

/**
 * One exchange from the agent's request to the record: runs the pipeline's stages in order and moves the bytes between a
 * Downstream and an UpstreamStream. The stages decide (pipeline/); this is the one file where their decisions become I/O.
 * It answers at most once and records exactly once.
 */
import type { Duplex } from 'node:stream';
import type { DenyReason } from '../../contract/index.ts';
import { createField, fieldValue, type Field } from '../http1/index.ts';
import { adapt, endToEnd, safeTrailers, type UpstreamRequest } from '../pipeline/adapt.ts';
import { reserveBudget } from '../pipeline/budget.ts';
import type { Call, Peer, Refusal } from '../pipeline/call.ts';
import { computeInjection, type Injection } from '../pipeline/credential.ts';
import { identify, isRefusal, type RequestLine } from '../pipeline/identify.ts';
import { routeCall, type Route } from '../pipeline/route.ts';
import { BodyScrubber, noSecrets, scrubFields } from '../pipeline/scrub.ts';
import { codecOf } from '../providers/index.ts';
import { createUsageTap, type UsageTap } from '../record/usage-tap.ts';
import type { SpanRecord } from '../record/exchange-record.ts';
import type { Snapshot } from '../snapshot.ts';
import type {
  BodyLength,
  UpstreamAnswer,
  UpstreamConnection,
  UpstreamReader,
  UpstreamStream,
} from '../upstream/exchange-port.ts';
import type { UpstreamPool } from '../upstream/pool.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { Downstream, RequestReader } from './downstream.ts';
import { ExchangeLog } from './exchange-log.ts';
import { RequestBuffer, type JudgedBytes } from './request-buffer.ts';

export interface ExchangeContext {
  readonly snapshot: Snapshot;
  readonly pool: UpstreamPool;
  readonly judged: JudgedBytes;
  readonly now: () => number;
  readonly onRecord: (record: SpanRecord) => void;
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

const replayable = new Set(['GET', 'HEAD', 'OPTIONS']);

export class Exchange implements RequestReader, UpstreamReader {
  readonly #context: ExchangeContext;
  readonly #inbound: Inbound;
  readonly #downstream: Downstream;
  readonly #log: ExchangeLog;
  readonly #body: RequestBuffer;
  readonly #deadline: number;
  #call: Call | undefined;
  #route: Route | undefined;
  #request: UpstreamRequest | undefined;
  #stream: UpstreamStream | undefined;
  #scrubber = new BodyScrubber(noSecrets);
  #secrets: readonly string[] = [];
  #tap: UsageTap | undefined;
  #judging = false;
  #requestEnded = false;
  #responding = false;
  #retried = false;
  #reused = false;
  #done = false;

  constructor(context: ExchangeContext, inbound: Inbound, downstream: Downstream) {
    this.#context = context;
    this.#inbound = inbound;
    this.#downstream = downstream;
    const at = context.now();
    this.#log = new ExchangeLog(inbound.peer, inbound.tls, inbound.line, { snapshot: context.snapshot, at });
    this.#body = new RequestBuffer(context.judged);
    this.#deadline = at + context.snapshot.config.upstream.requestTimeoutMs;
  }

  start(): void {
    const { line, peer, tls } = this.#inbound;
    const call = identify(line, peer, tls);
    if (isRefusal(call)) {
      this.#refuse(call);
      return;
    }
    this.#learnCodec(call, undefined);
    this.#decide({ ...call, model: this.#log.facts.model }, false);
  }

  #learnCodec(call: Call, route: Route | undefined): void {
    const name = call.provider ?? route?.backend?.schema ?? route?.provider?.rule.matches[0]?.provider;
    const codec = codecOf(name);
    if (codec === undefined || this.#log.codec === codec) return;
    this.#log.codec = codec;
    Object.assign(this.#log.facts, codec.factsOfPath(call.path));
  }

  #decide(call: Call, modelFinal: boolean): void {
    this.#call = call;
    this.#log.call = call;
    const route = routeCall(this.#context.snapshot.config, call, modelFinal || this.#inbound.length === 0);
    if (route.kind === 'need-model') {
      this.#judging = true;
      this.#downstream.goOn();
    } else if (route.kind === 'refuse') this.#refuse(route);
    else this.#prepare(call, route);
  }

  #prepare(call: Call, route: Route): void {
    this.#route = route;
    this.#log.route = route;
    this.#learnCodec(call, route);
    const reserve = reserveBudget(route);
    if (reserve.kind === 'refuse') {
      this.#refuse(reserve);
      return;
    }
    const injection = computeInjection(this.#context.snapshot.config, call, route);
    if (injection.kind === 'refuse') {
      this.#log.credentialError = injection;
      this.#refuse(injection);
      return;
    }
    this.#arm(injection);
    this.#request = adapt(call, route, injection);
    this.#downstream.goOn();
    this.#send();
  }

  #arm(injection: Injection): void {
    this.#log.injection = injection;
    const secrets = this.#context.snapshot.secretForms.of(injection);
    this.#secrets = secrets.texts;
    this.#scrubber = new BodyScrubber(secrets);
  }

  #send(): void {
    if (this.#route === undefined) return;
    const http2 = this.#downstream.http2;
    const target = { agentId: this.#inbound.peer.agentId, target: this.#route.target, http2 };
    const ready = this.#retried ? undefined : this.#context.pool.take(target);
    if (ready !== undefined) {
      this.#open(ready);
      return;
    }
    this.#context.pool.dial(target).then(
      (connection) => this.#open(connection),
      (thrown: unknown) =>
        this.failed(
          thrown instanceof UpstreamError ? thrown : new UpstreamError('UPSTREAM_UNREACHABLE', 'dial failed'),
        ),
    );
  }

  #open(connection: UpstreamConnection): void {
    const request = this.#request;
    if (this.#done || request === undefined) {
      connection.discard();
      return;
    }
    this.#reused = connection.reused;
    const stream = connection.open(request, this.#inbound.length, this);
    this.#stream = stream;
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
    if (this.#stream !== undefined) return this.#stream.write(bytes);
    if (!this.#body.hold(bytes, this.#judging)) {
      this.#answerError(413, 'BODY_TOO_LARGE', 'the body is too large to be judged by model', 'limit');
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
      this.#read(this.#body.judgedJson());
      this.#decide({ ...this.#call, model: this.#log.facts.model }, true);
      return;
    }
    this.#stream?.end([]);
    if (this.#log.codec !== undefined) this.#read(this.#body.observedJson());
  }

  #read(json: ReturnType<RequestBuffer['judgedJson']>): void {
    const { codec, facts } = this.#log;
    if (json === undefined) return;
    if (codec !== undefined) codec.readRequest(json, facts);
    else codecOf('custom')?.readRequest(json, facts);
  }

  aborted(): void {
    if (this.#done) return;
    this.#log.error = 'AGENT_GONE';
    this.#stream?.abort();
    this.#finish();
  }

  drained(): void {
    // Called by either side: the agent takes bytes again, or the upstream does.
    this.#stream?.resume();
    this.#downstream.resume();
  }

  tick(now: number): void {
    if (this.#done || now < this.#deadline) return;
    this.#fail(
      504,
      'UPSTREAM_TIMEOUT',
      'the call took longer than the gateway allows (spec.requestTimeout)',
      undefined,
    );
  }

  revalidate(snapshot: Snapshot): void {
    const call = this.#call;
    if (this.#done || call === undefined || this.#route === undefined) return;
    const route = routeCall(snapshot.config, call, true);
    const before = this.#log.injection;
    const after = route.kind === 'route' ? computeInjection(snapshot.config, call, route) : undefined;
    const same = route.kind === 'route' && JSON.stringify(after) === JSON.stringify(before);
    if (!same)
      this.#fail(403, 'POLICY_CHANGED', 'the egress policy changed while the call was running', 'policy');
  }

  // The upstream's answer.

  head(answer: UpstreamAnswer): void {
    const encoding = fieldValue(answer.fields, 'content-encoding');
    if (
      this.#secrets.length > 0 &&
      encoding !== undefined &&
      encoding.toLowerCase() !== 'identity' &&
      answer.bodyLength !== 0
    ) {
      this.#fail(
        502,
        'UPSTREAM_ENCODING',
        'the upstream compressed its answer although it was asked not to',
        undefined,
      );
      return;
    }
    const fields = [...scrubFields(endToEnd(answer.fields), this.#secrets)];
    this.#log.startResponse(answer.status, fields, this.#context.now());
    const { codec, facts } = this.#log;
    if (codec !== undefined) {
      this.#tap = createUsageTap(codec, facts, { contentType: fieldValue(fields, 'content-type'), encoding });
    }
    this.#responding = true;
    const sent =
      this.#request?.method === 'HEAD' || answer.status === 304 ? withLength(fields, answer.fields) : fields;
    const { status, reason, bodyLength } = answer;
    this.#downstream.respond({ status, reason, fields: sent, bodyLength });
  }

  body(bytes: Buffer): boolean {
    if (this.#done) return true;
    this.#log.responseChunks += 1;
    return this.#deliver(this.#scrubber.push(bytes));
  }

  #deliver(bytes: Buffer): boolean {
    if (bytes.length === 0) return true;
    this.#log.response?.capture.push(bytes);
    this.#tap?.push(bytes);
    return this.#downstream.write(bytes);
  }

  finished(trailers: readonly Field[]): void {
    if (this.#done) return;
    this.#deliver(this.#scrubber.flush());
    this.#downstream.end(safeTrailers(scrubFields(trailers, this.#secrets)));
    this.#finish();
  }

  upgraded(answer: UpstreamAnswer, socket: Duplex, rest: Buffer): void {
    const fields = scrubFields(endToEnd(answer.fields), this.#secrets);
    this.#log.startResponse(101, fields, this.#context.now());
    const agent = this.#downstream.upgrade(fields);
    if (agent === undefined) {
      socket.destroy();
      this.#finish();
      return;
    }
    if (agent.rest.length > 0) agent.socket.unshift(agent.rest);
    if (rest.length > 0) socket.unshift(rest);
    this.#stream = undefined;
    void this.#context.relay(agent.socket, socket).then(({ up, down, error }) => {
      this.#log.request.capture.total += up;
      if (this.#log.response !== undefined) this.#log.response.capture.total += down;
      this.#log.error ??= error;
      this.#finish();
    });
  }

  failed(error: UpstreamError): void {
    this.#stream = undefined;
    if (this.#done) return;
    const method = this.#request?.method ?? '';
    if (
      this.#reused &&
      !this.#responding &&
      !this.#retried &&
      this.#inbound.length === 0 &&
      replayable.has(method)
    ) {
      // The upstream closed an idle connection just when it was used; safe methods may be sent again (RFC 9110 9.2.2).
      this.#retried = true;
      this.#send();
      return;
    }
    this.#fail(error.status, error.code, error.message, error.denyReason);
  }

  // The ways to end without the upstream's answer.

  #refuse(refusal: Refusal): void {
    const code = refusal.reason === 'credential' ? 'CREDENTIAL_UNAVAILABLE' : 'EGRESS_DENIED';
    this.#answerError(refusal.status, code, refusal.message, refusal.reason);
  }

  #fail(status: number, code: string, message: string, reason: DenyReason | undefined): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.abort();
    if (!this.#responding) {
      this.#answerError(status, code, message, reason);
      return;
    }
    this.#log.error = code;
    this.#log.denyReason = reason;
    this.#downstream.abort();
    this.#finish();
  }

  #answerError(status: number, code: string, message: string, reason: DenyReason | undefined): void {
    const { codec } = this.#log;
    const text = codec?.renderError(status, code, message) ?? JSON.stringify({ error: { code, message } });
    const body = Buffer.from(text);
    const fields = [createField('Content-Type', 'application/json'), createField('x-clrk-error-code', code)];
    this.#log.denyReason = reason;
    this.#log.error = code;
    this.#log.startResponse(status, fields, this.#context.now());
    this.#responding = true;
    this.#body.takeAll();
    this.#downstream.respond({ status, reason: 'Egress Gateway', fields, bodyLength: body.length });
    this.#log.response?.capture.push(body);
    if (this.#inbound.line.method !== 'HEAD') this.#downstream.write(body);
    this.#downstream.end([]);
    this.#finish();
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#body.takeAll();
    this.#tap?.end();
    this.#context.onRecord(this.#log.finish(this.#context.now()));
  }
}

function withLength(fields: readonly Field[], answered: readonly Field[]): Field[] {
  const length = fieldValue(answered, 'content-length');
  return length === undefined ? [...fields] : [...fields, createField('Content-Length', length)];
}

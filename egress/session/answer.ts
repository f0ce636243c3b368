/**
 * What one exchange answers its agent: the upstream's answer, scrubbed and counted as it passes, or an error of the
 * gateway's own. Apart from the exchange because here is all that an agent ever gets to see; no byte leaves unscrubbed
 * (S37), and of an answer that is broken off nothing more does (S55).
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { fieldValue, type Field } from '../http1/index.ts';
import { endToEnd, safeTrailers } from '../pipeline/adapt.ts';
import type { Outgoing } from '../pipeline/outgoing.ts';
import {
  BodyScrubber,
  BodyStart,
  FrameScrubber,
  isArmed,
  judgeHead,
  noSecrets,
  scrubFields,
  scrubText,
  type SecretSet,
} from '../scrub/index.ts';
import type { UpstreamAnswer } from '../upstream/exchange-port.ts';
import type { Downstream } from './downstream.ts';
import type { ExchangeLog } from './exchange-log.ts';
import { budgetCut, opaque, type Failure } from './failure.ts';
import { remakeAnswer, type Remaking } from './remake-answer.ts';
import { isEventStream, mayHaveBody, ownFields } from './answer-head.ts';
import { AnswerUse, type AnswerBound } from './answer-use.ts';
import { PlainBody } from './plain-body.ts';
import type { AnswerHolder, RemadeAnswer } from './remade-answer.ts';
import { renderFailure } from './refusal-body.ts';

type Expected = Pick<Outgoing, 'asksUsage' | 'hides'> & Remaking;

export class Answer {
  readonly #downstream: Downstream;
  readonly #log: ExchangeLog;
  readonly #method: string;
  readonly #holder: AnswerHolder;
  #secrets = noSecrets;
  #scrubber = new BodyScrubber(noSecrets);
  /** A head that waits for the first bytes of its body. */
  #waiting: UpstreamAnswer | undefined;
  /** The first bytes, until they are judged. */
  #start: BodyStart | undefined;
  #headAt = 0;
  /** The upstream's. */
  #status = 0;
  #use: AnswerUse | undefined;
  #plain: PlainBody | undefined;
  #expected: Expected | undefined;
  /** Fields that the agent does not get, in lower case. */
  #hidden: ReadonlySet<string> = new Set();
  /** Of an upstream that speaks another API, or whose lists are cut. */
  #remade: RemadeAnswer | undefined;
  #hasBody = false;
  #started = false;
  /** Nothing of the upstream's is passed on any more. */
  #over = false;
  #refusal: Failure | undefined;
  #bound: AnswerBound | undefined;
  #limits: () => readonly Field[] = () => [];

  constructor(downstream: Downstream, log: ExchangeLog, method: string, holder: AnswerHolder) {
    [this.#downstream, this.#log] = [downstream, log];
    [this.#method, this.#holder] = [method, holder];
  }

  /** What is told of the call's limits with whatever answers it, the upstream or the gateway. */
  tell(limits: () => readonly Field[]): void {
    this.#limits = limits;
  }

  /** Beside an upstream's own: both fields are lists. What the call's rule removes is removed here too. */
  #told(fields: readonly Field[]): readonly Field[] {
    const limits = this.#limits();
    if (limits.length === 0) return fields;
    return [...fields, ...limits.filter(({ name }) => !this.#hidden.has(name.toLowerCase()))];
  }

  /** Nothing that the upstream still sends is passed on. */
  get over(): boolean {
    return this.#over;
  }

  /** Why the upstream's answer is not passed on; set by `head`, `body`, `finish` or `upgrade`. */
  get refusal(): Failure | undefined {
    return this.#refusal;
  }

  /** Before a request is sent: the secrets on it, and what was changed in it that its answer must not show. */
  expect(secrets: SecretSet | undefined, expected: Expected, bound?: AnswerBound): void {
    this.#secrets = secrets ?? noSecrets;
    [this.#expected, this.#bound] = [expected, bound];
    this.#hidden = new Set(expected.hides);
  }

  /** False: the answer cannot be searched for secrets, and nothing of it was passed on (`refusal`). */
  head(answer: UpstreamAnswer, now: number): boolean {
    const { status, fields } = answer;
    [this.#headAt, this.#status] = [now, status];
    this.#scrubber = new BodyScrubber(this.#secrets);
    this.#start = undefined;
    this.#hasBody = mayHaveBody(this.#method, answer);
    if (!this.#hasBody || !isArmed(this.#secrets)) {
      this.#sendHead(answer);
      return true;
    }
    const reason = judgeHead(status, fields);
    if (reason !== undefined) {
      this.#refusal = opaque(reason);
      return false;
    }
    this.#start = new BodyStart();
    // A stream of events may be silent for long after its head; it is broken off where its first bytes are strange.
    if (isEventStream(answer)) this.#sendHead(answer);
    else this.#waiting = answer;
    return true;
  }

  #sendHead(answer: UpstreamAnswer): void {
    this.#waiting = undefined;
    const { sent, recorded } = scrubFields(endToEnd(answer.fields, this.#hidden), this.#secrets);
    this.#use = new AnswerUse(this.#log, answer.fields, this.#bound);
    if (this.#isRemade(answer.status, sent)) return;
    this.#log.startResponse(answer.status, recorded, this.#headAt);
    this.#started = true;
    const fields = ownFields(this.#method, answer, sent);
    const reason = scrubText(answer.reason, this.#secrets);
    this.#plain = new PlainBody(answer, this.#expected?.asksUsage === true, this.#use);
    const bodyLength = this.#plain.isChanged ? undefined : answer.bodyLength;
    this.#downstream.respond({ status: answer.status, reason, fields: this.#told(fields), bodyLength });
  }

  /** A stream begins now, anything else when it is whole. */
  #isRemade(status: number, fields: readonly Field[]): boolean {
    const head = { status, fields, hasBody: this.#hasBody, secrets: this.#secrets, meter: this.#use?.meter };
    const remade = this.#expected && remakeAnswer(this.#expected, head, this.#holder);
    this.#remade = remade;
    if (remade === undefined) return false;
    if (remade.failure !== undefined) this.#refuse(remade.failure);
    else if (remade.isStream) this.#respond(status, remade.fields, undefined);
    return true;
  }

  /** With an answer that was written here. */
  #respond(status: number, fields: readonly Field[], bodyLength: number | undefined): void {
    this.#log.startResponse(status, fields, this.#headAt);
    this.#started = true;
    const all = this.#told(fields);
    this.#downstream.respond({ status, reason: STATUS_CODES[status] ?? '', fields: all, bodyLength });
  }

  #refuse(failure: Failure): void {
    this.#refusal = failure;
    this.fail(failure, this.#headAt);
  }

  /** The upstream has said all it will. */
  #finishRemade(remade: RemadeAnswer): void {
    const end = remade.end();
    if (end.kind === 'failed') return this.#refuse(end.failure);
    if (remade.isUnreadable) this.#log.error = 'UPSTREAM_UNREADABLE';
    this.#over = true;
    if (this.seenOutput !== undefined) this.#log.failed(budgetCut);
    if (end.kind === 'cut') {
      this.#log.error = 'UPSTREAM_CLOSED';
      return this.#downstream.abort();
    }
    const { rest } = end;
    if (!remade.isStream) this.#respond(this.#status, remade.fields, rest.length);
    this.#send(rest);
    this.#downstream.end([]);
  }

  /** False: the agent takes no more for now. */
  body(bytes: Buffer): boolean {
    this.#log.responseChunks += 1;
    if (this.#over) return true;
    const passed = this.#start === undefined ? bytes : this.#judge(this.#start.push(bytes));
    return passed === undefined || this.#deliver(this.#scrubber.push(passed));
  }

  /** The bytes that may pass now. Answers with the refusal where there is one. */
  #judge(verdict: ReturnType<BodyStart['push']>): Buffer | undefined {
    if (verdict.kind === 'more') return undefined;
    this.#start = undefined;
    if (verdict.kind === 'refuse') {
      this.#refuse(opaque(verdict.reason));
      return undefined;
    }
    if (this.#waiting !== undefined) this.#sendHead(this.#waiting);
    return verdict.bytes;
  }

  #deliver(bytes: Buffer): boolean {
    if (bytes.length === 0) return true;
    this.#use?.push(bytes);
    if (this.#remade !== undefined) return this.#deliverRemade(this.#remade, bytes);
    const { allowed, passed } = this.#plain?.push(bytes) ?? { allowed: bytes, passed: bytes };
    this.#log.response?.capture.push(allowed);
    const more = passed.length === 0 || this.#downstream.write(passed);
    if (this.#plain?.isCut === true) this.#endPlain([]);
    return more;
  }

  #deliverRemade(remade: RemadeAnswer, bytes: Buffer): boolean {
    const passed = remade.push(bytes);
    if (remade.failure !== undefined) this.#refuse(remade.failure);
    const more = this.#over || this.#send(passed);
    if (remade.hasFailed && !this.#over) this.#finishRemade(remade);
    return more;
  }

  /** Bytes that were written here. */
  #send(bytes: Buffer): boolean {
    this.#log.response?.capture.push(bytes);
    return bytes.length === 0 || this.#downstream.write(bytes);
  }

  finish(trailers: readonly Field[]): void {
    const last = this.#start === undefined ? undefined : this.#judge(this.#start.end());
    if (this.#over) return;
    if (last !== undefined) this.#deliver(this.#scrubber.push(last));
    this.#deliver(this.#scrubber.flush());
    if (this.#remade !== undefined) return this.#over ? undefined : this.#finishRemade(this.#remade);
    this.#endPlain(safeTrailers(scrubFields(trailers, this.#secrets).sent, this.#hidden));
  }

  #endPlain(trailers: readonly Field[]): void {
    if (this.#over) return;
    const rest = this.#plain?.flush();
    if (rest !== undefined && rest.length > 0) this.#downstream.write(rest);
    this.#over = true;
    if (this.seenOutput !== undefined) this.#log.failed(budgetCut);
    this.#downstream.end(trailers);
  }

  /** Tokens of an answer that was cut; undefined: it was not. */
  get seenOutput(): number | undefined {
    const meter = this.#use?.meter;
    const isCut = this.#plain?.isCut === true || (this.#remade?.hasFailed === true && meter?.isOver === true);
    return isCut ? meter?.estimate : undefined;
  }

  /** Answers 101; undefined: the agent's connection cannot be given up, or the upstream's frames cannot be searched. */
  upgrade(
    answer: UpstreamAnswer,
    now: number,
  ): { readonly socket: Duplex; readonly rest: Buffer } | undefined {
    if (fieldValue(answer.fields, 'sec-websocket-extensions') !== undefined) {
      // None was offered (adapt.ts), so it was not negotiated.
      this.#headAt = now;
      this.#refuse(opaque('switched to WebSocket frames of an extension nobody asked for'));
      return undefined;
    }
    const { sent, recorded } = scrubFields(endToEnd(answer.fields, this.#hidden), this.#secrets);
    this.#log.startResponse(101, recorded, now);
    // From here on a failure can only break off.
    this.#started = true;
    return this.#downstream.upgrade(this.#told(sent));
  }

  /** For what the upstream sends after `upgrade`. */
  createFrameScrubber(): FrameScrubber {
    return new FrameScrubber(this.#secrets);
  }

  /**
   * Answers with the failure, in the provider's schema; breaks off when an answer is already under way, with what was held
   * back of it. The first failure is the one that counts.
   */
  fail(failure: Failure, now: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#log.failed(failure);
    if (this.#started) this.#downstream.abort();
    else this.#answerError(failure, now);
  }

  #answerError(failure: Failure, now: number): void {
    const { status } = failure;
    const { body, fields: own } = renderFailure(failure, this.#log.codec);
    const fields = this.#told(own);
    this.#log.startResponse(status, fields, now);
    this.#started = true;
    this.#downstream.respond({ status, reason: 'Egress Gateway', fields, bodyLength: body.length });
    this.#log.response?.capture.push(body);
    if (this.#method !== 'HEAD') this.#downstream.write(body);
    this.#downstream.end([]);
  }

  /** No more of the body comes: what the tap holds becomes facts. */
  close(): void {
    this.#use?.end();
    this.#remade?.close();
    this.#log.mcpAnswer = this.#remade?.mcp;
  }
}

/**
 * What one exchange answers its agent: the upstream's answer, scrubbed and counted as it passes, or an error of the
 * gateway's own. Apart from the exchange because here is all that an agent ever gets to see; no byte leaves unscrubbed (S37).
 */
import type { Duplex } from 'node:stream';
import { createField, fieldValue, type Field } from '../http1/index.ts';
import { endToEnd, safeTrailers } from '../pipeline/adapt.ts';
import { BodyScrubber, noSecrets, scrubFields, type SecretSet } from '../pipeline/scrub.ts';
import { createUsageTap, type UsageTap } from '../record/usage-tap.ts';
import type { UpstreamAnswer } from '../upstream/exchange-port.ts';
import type { Downstream } from './downstream.ts';
import type { ExchangeLog } from './exchange-log.ts';
import type { Failure } from './failure.ts';

export class Answer {
  readonly #downstream: Downstream;
  readonly #log: ExchangeLog;
  readonly #method: string;
  #scrubber = new BodyScrubber(noSecrets);
  #secrets: readonly string[] = [];
  #tap: UsageTap | undefined;
  #started = false;

  constructor(downstream: Downstream, log: ExchangeLog, method: string) {
    this.#downstream = downstream;
    this.#log = log;
    this.#method = method;
  }

  /** The agent has been sent a head: nothing else can be answered any more. */
  get started(): boolean {
    return this.#started;
  }

  /** The secrets on the request, before it is sent. */
  arm(secrets: SecretSet): void {
    this.#secrets = secrets.texts;
    this.#scrubber = new BodyScrubber(secrets);
  }

  /** False: the answer cannot be searched for secrets, and nothing of it was passed on. */
  head(answer: UpstreamAnswer, now: number): boolean {
    const encoding = fieldValue(answer.fields, 'content-encoding');
    if (this.#isOpaque(answer, encoding)) return false;
    const fields = [...scrubFields(endToEnd(answer.fields), this.#secrets)];
    this.#log.startResponse(answer.status, fields, now);
    const { codec, facts } = this.#log;
    if (codec !== undefined) {
      this.#tap = createUsageTap(codec, facts, { contentType: fieldValue(fields, 'content-type'), encoding });
    }
    this.#started = true;
    const bodiless = this.#method === 'HEAD' || answer.status === 304;
    const sent = bodiless ? withLength(fields, answer.fields) : fields;
    const { status, reason, bodyLength } = answer;
    this.#downstream.respond({ status, reason, fields: sent, bodyLength });
    return true;
  }

  #isOpaque(answer: UpstreamAnswer, encoding: string | undefined): boolean {
    if (this.#secrets.length === 0 || encoding === undefined || answer.bodyLength === 0) return false;
    return encoding.toLowerCase() !== 'identity';
  }

  /** False: the agent takes no more for now. */
  body(bytes: Buffer): boolean {
    this.#log.responseChunks += 1;
    return this.#deliver(this.#scrubber.push(bytes));
  }

  #deliver(bytes: Buffer): boolean {
    if (bytes.length === 0) return true;
    this.#log.response?.capture.push(bytes);
    this.#tap?.push(bytes);
    return this.#downstream.write(bytes);
  }

  finish(trailers: readonly Field[]): void {
    this.#deliver(this.#scrubber.flush());
    this.#downstream.end(safeTrailers(scrubFields(trailers, this.#secrets)));
  }

  /** Answers 101; undefined: the agent's connection cannot be given up. */
  upgrade(
    answer: UpstreamAnswer,
    now: number,
  ): { readonly socket: Duplex; readonly rest: Buffer } | undefined {
    const fields = scrubFields(endToEnd(answer.fields), this.#secrets);
    this.#log.startResponse(101, fields, now);
    return this.#downstream.upgrade(fields);
  }

  /** Answers with the failure, in the provider's schema; breaks off when an answer is already under way. */
  fail(failure: Failure, now: number): void {
    this.#log.denyReason = failure.denyReason;
    this.#log.error = failure.code;
    if (this.#started) this.#downstream.abort();
    else this.#answerError(failure, now);
  }

  #answerError({ status, code, message, body: own }: Failure, now: number): void {
    const { codec } = this.#log;
    const usual = (): string =>
      codec?.renderError(status, code, message) ?? JSON.stringify({ error: { code, message } });
    const text = own ?? usual();
    const body = Buffer.from(text);
    const fields = [createField('Content-Type', 'application/json'), createField('x-clrk-error-code', code)];
    this.#log.startResponse(status, fields, now);
    this.#started = true;
    this.#downstream.respond({ status, reason: 'Egress Gateway', fields, bodyLength: body.length });
    this.#log.response?.capture.push(body);
    if (this.#method !== 'HEAD') this.#downstream.write(body);
    this.#downstream.end([]);
  }

  /** No more of the body comes: what the tap holds becomes facts. */
  close(): void {
    this.#tap?.end();
  }
}

function withLength(fields: readonly Field[], answered: readonly Field[]): Field[] {
  const length = fieldValue(answered, 'content-length');
  return length === undefined ? [...fields] : [...fields, createField('Content-Length', length)];
}

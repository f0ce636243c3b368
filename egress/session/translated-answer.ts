/**
 * One upstream's answer on its way into the agent's API: a stream event by event, anything else held until it is whole, within a
 * bound and the agent's share. Apart from the answer because it alone knows that the two sides speak differently.
 */
import { ChunkList } from '../chunk-list.ts';
import { createField, fieldValue, type Field } from '../http1/index.ts';
import {
  framings,
  StreamAnswer,
  translateAnswer,
  translateError,
  type CallTranslation,
} from '../translation/index.ts';
import type { Failure } from './failure.ts';
import type { HeldShare } from './read-ahead.ts';

/** Answers with pictures are this long. */
const maxAnswerBytes = 32 * 1024 * 1024;

function unreadable(why: string): Failure {
  const message = `the upstream ${why}, so its answer cannot be translated`;
  return { status: 502, code: 'UPSTREAM_UNREADABLE', message, denyReason: undefined };
}

const tooLong = unreadable('answered with more than this agent may have held now');
const noAnswer = unreadable('sent what is no answer of its API');

/** Of the upstream's fields those that mean the same to the agent, whatever API it speaks. */
const passed: ReadonlySet<string> = new Set(['retry-after', 'retry-after-ms', 'x-should-retry', 'date']);
const requestIds = ['request-id', 'x-request-id', 'x-amzn-requestid', 'apim-request-id'] as const;

/** As each API's SDKs look for it. */
const requestIdOf: Readonly<Record<CallTranslation['from']['api'], string>> = {
  openai: 'x-request-id',
  'openai-responses': 'x-request-id',
  anthropic: 'request-id',
  google: 'x-request-id',
  'bedrock-converse': 'x-amzn-RequestId',
};

function fieldsFor({ from }: CallTranslation, fields: readonly Field[], mediaType: string): Field[] {
  const id = requestIds.map((name) => fieldValue(fields, name)).find((value) => value !== undefined);
  return [
    createField('Content-Type', mediaType),
    ...fields.filter(({ name }) => passed.has(name)),
    ...(id === undefined ? [] : [createField(requestIdOf[from.api], id)]),
  ];
}

/** Whose share what is held of an answer counts in. */
export interface AnswerHolder {
  readonly share: HeldShare;
  readonly agentId: string;
}

export interface TranslatedHead {
  readonly status: number;
  /** The upstream's, scrubbed. */
  readonly fields: readonly Field[];
}

export type TranslatedEnd =
  /** What goes on last; of a whole answer all of it. */
  | { readonly kind: 'done'; readonly rest: Buffer }
  | { readonly kind: 'cut' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export class TranslatedAnswer {
  readonly #call: CallTranslation;
  readonly #status: number;
  readonly #share: HeldShare;
  readonly #agentId: string;
  readonly #stream: StreamAnswer | undefined;
  readonly #held = new ChunkList();
  /** For the agent. */
  readonly fields: readonly Field[];
  #failure: Failure | undefined;

  constructor(call: CallTranslation, { status, fields }: TranslatedHead, { share, agentId }: AnswerHolder) {
    this.#call = call;
    this.#status = status;
    this.#share = share;
    this.#agentId = agentId;
    const type = (fieldValue(fields, 'content-type') ?? '').trim().toLowerCase();
    const isStream = call.stream && status === 200 && type.startsWith(call.upstreamMediaType);
    this.#stream = isStream ? new StreamAnswer(call) : undefined;
    const mediaType = isStream ? framings[call.framing].mediaType : 'application/json';
    this.fields = fieldsFor(call, fields, mediaType);
    this.#failure = judgeHead(call, { status, fields }, isStream);
  }

  /** Its head can go to the agent before its body has come. */
  get isStream(): boolean {
    return this.#stream !== undefined;
  }

  /** Nothing of it can go to the agent. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** What goes on now. */
  push(bytes: Buffer): Buffer {
    if (this.#stream !== undefined) return this.#stream.push(bytes);
    if (this.#failure === undefined) this.#hold(bytes);
    return Buffer.alloc(0);
  }

  #hold(bytes: Buffer): void {
    const isOver = this.#held.length + bytes.length > maxAnswerBytes;
    if (isOver || !this.#share.take(this.#agentId, bytes.length)) this.#failure = tooLong;
    else this.#held.push(bytes);
  }

  /** The upstream's body ended cleanly. */
  end(): TranslatedEnd {
    if (this.#failure !== undefined) return { kind: 'failed', failure: this.#failure };
    if (this.#stream === undefined) return this.#endWhole();
    const { rest, isWhole } = this.#stream.end();
    return isWhole ? { kind: 'done', rest } : { kind: 'cut' };
  }

  /** The stream broke off with an error of ours in it. */
  get isUnreadable(): boolean {
    return this.#stream?.isUnreadable === true;
  }

  #endWhole(): TranslatedEnd {
    const body = Buffer.concat(this.#held.chunks);
    const isError = this.#status >= 400;
    const rest = isError ? translateError(this.#call, this.#status, body) : translateAnswer(this.#call, body);
    return rest === undefined ? { kind: 'failed', failure: noAnswer } : { kind: 'done', rest };
  }

  /** Safe to repeat. */
  close(): void {
    this.#share.give(this.#agentId, this.#held.length);
    this.#held.clear();
  }
}

function judgeHead(
  call: CallTranslation,
  { status, fields }: TranslatedHead,
  isStream: boolean,
): Failure | undefined {
  const coding = (fieldValue(fields, 'content-encoding') ?? '').trim().toLowerCase();
  if (coding !== '' && coding !== 'identity')
    return unreadable(`answered in a coding (${coding.slice(0, 20)}) it was not asked for`);
  if (status >= 400 || isStream) return undefined;
  if (status !== 200) return unreadable(`answered ${status}, which is no answer of its API`);
  return call.stream ? unreadable('sent no stream, though one was asked for') : undefined;
}

/**
 * One upstream's answer on its way into the agent's API: a stream event by event, anything else held until it is whole, within a
 * bound and the agent's share. Apart from the answer because it alone knows that the two sides speak differently.
 */
import { ChunkList } from '../chunk-list.ts';
import { createField, fieldValue, type Field } from '../http1/index.ts';
import { BodyScrubber } from '../scrub/index.ts';
import {
  framings,
  StreamAnswer,
  translateAnswer,
  translateError,
  type CallTranslation,
} from '../translation/index.ts';
import type { Failure } from './failure.ts';
import type { HeldShare } from './read-ahead.ts';
import {
  maxAnswerBytes,
  type AnswerEnd,
  type AnswerHead,
  type AnswerHolder,
  type RemadeAnswer,
} from './remade-answer.ts';

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

/** What may not happen, whatever an upstream sends, ends the one answer; undefined: `work` threw. */
function guarded<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

export class TranslatedAnswer implements RemadeAnswer {
  readonly mcp = undefined;
  readonly #call: CallTranslation;
  readonly #status: number;
  readonly #share: HeldShare;
  readonly #agentId: string;
  readonly #stream: StreamAnswer | undefined;
  readonly #held = new ChunkList();
  readonly #scrubber: BodyScrubber;
  /** For the agent. */
  readonly fields: readonly Field[];
  #failure: Failure | undefined;

  constructor(call: CallTranslation, head: Omit<AnswerHead, 'hasBody'>, { share, agentId }: AnswerHolder) {
    const { status, fields } = head;
    this.#scrubber = new BodyScrubber(head.secrets);
    this.#call = call;
    this.#status = status;
    this.#share = share;
    this.#agentId = agentId;
    const type = (fieldValue(fields, 'content-type') ?? '').trim().toLowerCase();
    const isStream = call.stream && status === 200 && type.startsWith(call.upstreamMediaType);
    this.#stream = isStream ? new StreamAnswer(call, head.meter) : undefined;
    const mediaType = isStream ? framings[call.framing].mediaType : 'application/json';
    this.fields = fieldsFor(call, fields, mediaType);
    this.#failure = judgeHead(call, head, isStream);
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
    const stream = this.#stream;
    if (this.#failure !== undefined) return Buffer.alloc(0);
    if (stream !== undefined) return this.#scrubber.push(guarded(() => stream.push(bytes)) ?? this.#break());
    this.#hold(bytes);
    return Buffer.alloc(0);
  }

  #break(): Buffer {
    this.#failure = noAnswer;
    return Buffer.alloc(0);
  }

  #hold(bytes: Buffer): void {
    const isOver = this.#held.length + bytes.length > maxAnswerBytes;
    if (isOver || !this.#share.take(this.#agentId, bytes.length)) this.#failure = tooLong;
    else this.#held.push(bytes);
  }

  /** The upstream's body ended cleanly. */
  end(): AnswerEnd {
    if (this.#failure !== undefined) return { kind: 'failed', failure: this.#failure };
    if (this.#stream === undefined) return this.#endWhole();
    const stream = this.#stream;
    const end = guarded(() => stream.end());
    if (end === undefined) return { kind: 'failed', failure: noAnswer };
    return end.isWhole ? this.#done(end.rest) : { kind: 'cut' };
  }

  #done(rest: Buffer): AnswerEnd {
    return { kind: 'done', rest: Buffer.concat([this.#scrubber.push(rest), this.#scrubber.flush()]) };
  }

  /** The stream has ended with an error: the upstream has no more to say. */
  get hasFailed(): boolean {
    return this.#stream?.hasFailed === true;
  }

  /** The stream broke off with an error of ours in it. */
  get isUnreadable(): boolean {
    return this.#stream?.isUnreadable === true;
  }

  #endWhole(): AnswerEnd {
    const body = Buffer.concat(this.#held.chunks);
    const isError = this.#status >= 400;
    const rest = guarded(() =>
      isError ? translateError(this.#call, this.#status, body) : translateAnswer(this.#call, body),
    );
    return rest === undefined ? { kind: 'failed', failure: noAnswer } : this.#done(rest);
  }

  /** Safe to repeat. */
  close(): void {
    this.#share.give(this.#agentId, this.#held.length);
    this.#held.clear();
  }
}

function judgeHead(
  call: CallTranslation,
  { status, fields }: Pick<AnswerHead, 'status' | 'fields'>,
  isStream: boolean,
): Failure | undefined {
  const coding = (fieldValue(fields, 'content-encoding') ?? '').trim().toLowerCase();
  if (coding !== '' && coding !== 'identity')
    return unreadable(`answered in a coding (${coding.slice(0, 20)}) it was not asked for`);
  if (status >= 400 || isStream) return undefined;
  if (status !== 200) return unreadable(`answered ${status}, which is no answer of its API`);
  return call.stream ? unreadable('sent no stream, though one was asked for') : undefined;
}

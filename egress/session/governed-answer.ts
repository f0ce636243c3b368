/**
 * One MCP server's answer on its way to the agent: a stream event by event, anything else held until it is whole, within a bound
 * and the agent's share. What cannot be read does not go on, and its request is answered with an error in band.
 */
import type { McpAnswers } from '../../decision/index.ts';
import { parseFieldText } from '../body/index.ts';
import { fieldValues, type Field } from '../http1/index.ts';
import { GovernedEvents, RpcAnswerReader, type GovernedFacts } from '../mcp/index.ts';
import { withoutDigests } from '../pipeline/rewrite.ts';
import { judgeHead } from '../scrub/index.ts';
import type { Failure } from './failure.ts';
import {
  maxAnswerBytes,
  type AnswerEnd,
  type AnswerHead,
  type AnswerHolder,
  type RemadeAnswer,
} from './remade-answer.ts';

const nothing = Buffer.alloc(0);

/** `odd`: one of the first two to some clients. */
type Form = 'events' | 'document' | 'odd' | 'other';

/** One type in UTF-8: clients take the first or the last of several, and the text of an event in the charset it says. */
function clearType(types: readonly string[]): string | undefined {
  const [written = ''] = types;
  const type = types.length === 1 ? parseFieldText(written) : undefined;
  const charset = type?.parameters.get('charset') ?? 'utf-8';
  return /^(?:utf-?8|us-ascii)$/i.test(charset) ? type?.value : undefined;
}

function formOf(fields: readonly Field[]): Form {
  const types = fieldValues(fields, 'content-type');
  const type = clearType(types) ?? '';
  if (type === 'text/event-stream') return 'events';
  if (/^application\/(?:[\w.-]+\+)?json$/.test(type)) return 'document';
  return types.some((each) => /json|event-stream/i.test(each)) ? 'odd' : 'other';
}

/** Does an agent's client look for messages in an answer of such a form? */
function mayHoldMessages(answers: McpAnswers, form: Form, status: number): boolean {
  const { awaited, opensStream, hasOnlyTold } = answers;
  if (form === 'events') return true;
  // `Accepted`, and a refusal in words.
  const isTaken = status >= 200 && status < 300 && status !== 202;
  if (awaited !== 'none') return form !== 'other' || isTaken;
  // Some read what comes for a notification as they read any other answer.
  if (hasOnlyTold && form !== 'other') return isTaken;
  // Some take whatever comes for the stream that was asked for; a page, or a document about the server, was not.
  return opensStream && isTaken;
}

const unreadable = 'is no JSON-RPC that reads in one way only';
const tooLong = 'is longer than this agent may have held now';
const oddForm = 'is neither JSON nor a stream of events, in UTF-8 and by one Content-Type';
const coded = 'is in a content coding, or a part, that was not asked for';

interface Options {
  readonly form: Form;
  readonly holder: AnswerHolder;
}

export class GovernedAnswer implements RemadeAnswer {
  readonly isStream: boolean;
  readonly #answers: McpAnswers;
  readonly #holder: AnswerHolder;
  readonly mcp: GovernedFacts;
  readonly #events: GovernedEvents | undefined;
  readonly #document: RpcAnswerReader | undefined;
  #fields: readonly Field[];
  /** Of the share. */
  #taken = 0;
  #failure: Failure | undefined;
  #hasFailed = false;

  private constructor(answers: McpAnswers, { status, fields }: AnswerHead, options: Options) {
    const { form, holder } = options;
    this.#answers = answers;
    this.#holder = holder;
    this.mcp = { hidden: 0, denied: 0, errorCode: undefined, onState: holder.onState };
    this.isStream = form === 'events';
    this.#fields = this.isStream ? withoutDigests(fields) : fields;
    if (judgeHead(status, fields) !== undefined) this.#fail(coded);
    else if (form === 'other' || form === 'odd') this.#fail(oddForm);
    else if (form === 'events') this.#events = new GovernedEvents(answers, this.mcp);
    else this.#document = new RpcAnswerReader(answers);
  }

  /** undefined: it holds no messages, and goes on as it comes. */
  static of(answers: McpAnswers, head: AnswerHead, holder: AnswerHolder): GovernedAnswer | undefined {
    if (!head.hasBody) return undefined;
    const form = formOf(head.fields);
    if (!mayHoldMessages(answers, form, head.status)) return undefined;
    return new GovernedAnswer(answers, head, { form, holder });
  }

  /** What was changed is not what a digest of it is about. */
  get fields(): readonly Field[] {
    return this.#fields;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get isUnreadable(): boolean {
    return this.#hasFailed;
  }

  #fail(why: string): void {
    const code = why === coded ? 'UPSTREAM_ENCODING' : 'UPSTREAM_UNREADABLE';
    const message = `the answer of the MCP server ${why}; an MCPRoute governs what the agent sees of it`;
    this.#failure ??= { code, message, denyReason: undefined, ...this.#answers.fault(code, message) };
  }

  push(bytes: Buffer): Buffer {
    if (this.#failure !== undefined || this.#hasFailed) return nothing;
    const passed = this.#read(bytes);
    const held = this.#events?.held ?? this.#document?.length ?? 0;
    if (!this.#holds(held)) this.#break(tooLong);
    return this.#hasFailed ? Buffer.concat([passed, this.#lastWord()]) : passed;
  }

  #read(bytes: Buffer): Buffer {
    if (this.#document !== undefined) {
      if (!this.#document.push(bytes)) this.#break(unreadable);
      return nothing;
    }
    const passed = this.#events?.push(bytes) ?? nothing;
    if (this.#events?.isReadable === false) this.#break(unreadable);
    return passed;
  }

  /** A stream that is under way ends with an error where one request waits for its answer; any other is cut. */
  #break(why: string): void {
    this.#fail(why);
    this.#hasFailed = this.isStream && this.#answers.awaited === 'one';
  }

  #lastWord(): Buffer {
    const body = this.#failure?.body ?? '';
    this.#failure = undefined;
    return Buffer.from(`data: ${body}\n\n`);
  }

  #holds(held: number): boolean {
    const { share, agentId } = this.#holder;
    const more = held - this.#taken;
    if (held > maxAnswerBytes || (more > 0 && !share.take(agentId, more))) return false;
    if (more < 0) share.give(agentId, -more);
    this.#taken = held;
    return true;
  }

  end(): AnswerEnd {
    if (this.#failure !== undefined) return { kind: 'failed', failure: this.#failure };
    if (this.#hasFailed) return { kind: 'done', rest: nothing };
    return this.#events === undefined ? this.#endDocument() : this.#endEvents(this.#events);
  }

  #endEvents(events: GovernedEvents): AnswerEnd {
    const rest = events.end();
    if (events.isReadable) return { kind: 'done', rest };
    this.#break(unreadable);
    if (!this.#hasFailed) return { kind: 'cut' };
    return { kind: 'done', rest: Buffer.concat([rest, this.#lastWord()]) };
  }

  #endDocument(): AnswerEnd {
    const answer = this.#document?.end();
    if (answer === undefined) {
      this.#fail(unreadable);
      return this.end();
    }
    this.mcp.hidden += answer.hidden;
    this.mcp.denied += answer.denied;
    this.mcp.errorCode = answer.errorCode;
    for (const state of answer.states) this.mcp.onState?.(state);
    if (answer.isChanged) this.#fields = withoutDigests(this.#fields);
    return { kind: 'done', rest: Buffer.concat(answer.text) };
  }

  close(): void {
    this.#holder.share.give(this.#holder.agentId, this.#taken);
    this.#taken = 0;
  }
}

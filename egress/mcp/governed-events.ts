/**
 * A stream of server-sent events of an MCP server, event by event: each goes on as it came, or with what the agent may not see taken
 * out of its message, when all of it is here. Sans-io; it holds one event. Nothing goes on of an event that cannot be read, nor
 * after it.
 */
import type { McpAnswers } from '../../decision/index.ts';
import { SseReader } from '../body/index.ts';
import { ChunkList } from '../chunk-list.ts';
import { RpcAnswerReader, type RpcAnswer } from './rpc-answer.ts';

const lf = 0x0a;
const nothing = Buffer.alloc(0);
const mark = Buffer.from([0xef, 0xbb, 0xbf]);
const spaces: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const brackets: ReadonlySet<number> = new Set([0x7b, 0x5b]);

export interface GovernedFacts {
  hidden: number;
  denied: number;
  errorCode: number | undefined;
}

/** Lines as they came, without their ends. */
function linesOf(event: Buffer): string[] {
  const text = event.subarray(0, 3).equals(mark) ? event.subarray(3) : event;
  return text.toString('latin1').split(/\r\n|\r|\n/);
}

const isData = (line: string): boolean => /^data(?::|$)/.test(line);

/** With other data, in one line: in JSON, an end of line is white space. */
function rewrite(event: Buffer, text: readonly Buffer[]): Buffer {
  const kept = linesOf(event).filter((line) => line !== '' && !isData(line));
  const data = Buffer.concat(text);
  for (let at = 0; at < data.length; at += 1) if (data[at] === 0x0a || data[at] === 0x0d) data[at] = 0x20;
  const before = kept.map((line) => `${line}\n`).join('');
  return Buffer.concat([Buffer.from(`${before}data: `, 'latin1'), data, Buffer.from('\n\n')]);
}

/** By its name an event that no client takes for a message; the first transport tells its endpoint so. */
function isNamed(event: Buffer): boolean {
  const names = linesOf(event).flatMap((line) => /^event: ?(.*)$/.exec(line)?.[1] ?? []);
  const name = names.at(-1) ?? '';
  return name !== '' && name !== 'message';
}

export class GovernedEvents {
  readonly #answers: McpAnswers;
  readonly #facts: GovernedFacts;
  readonly #reader: SseReader;
  readonly #held = new ChunkList();
  /** Of the event under way; undefined: no data but white space came. */
  #message: RpcAnswerReader | undefined;
  #isMessage = true;
  #isReadable = true;
  #out: Buffer[] = [];
  #chunk: Buffer = nothing;
  #from = 0;

  constructor(answers: McpAnswers, facts: GovernedFacts) {
    this.#answers = answers;
    this.#facts = facts;
    this.#reader = new SseReader({
      data: (bytes) => this.#data(bytes),
      event: (at) => this.#event(at),
    });
  }

  /** Bytes of the event under way. */
  get held(): number {
    return this.#held.length;
  }

  /** False: nothing more goes on. */
  get isReadable(): boolean {
    return this.#isReadable;
  }

  /** What goes on now. */
  push(chunk: Buffer): Buffer {
    this.#chunk = chunk;
    this.#from = 0;
    // The second half of a CRLF has nothing to wait for.
    if (this.#reader.afterCr && chunk[0] === lf && this.#held.length === 0) {
      this.#out.push(chunk.subarray(0, 1));
      this.#from = 1;
    }
    this.#reader.push(chunk);
    if (this.#isReadable) this.#held.push(chunk.subarray(this.#from));
    return this.#take();
  }

  /** No more comes. An event that has not ended is none to a client that goes by the rules, and one to others. */
  end(): Buffer {
    this.#settle();
    return this.#take();
  }

  #data(bytes: Buffer): void {
    if (!this.#isReadable || !this.#isMessage) return;
    if (this.#message === undefined) {
      const first = bytes.find((byte) => !spaces.has(byte));
      if (first === undefined) return;
      this.#isMessage = brackets.has(first);
      if (!this.#isMessage) return;
      this.#message = new RpcAnswerReader(this.#answers);
    }
    this.#isReadable = this.#message.push(bytes);
  }

  #event(at: number): void {
    if (!this.#isReadable) return;
    this.#held.push(this.#chunk.subarray(this.#from, at));
    this.#from = at;
    this.#settle();
  }

  #settle(): void {
    if (!this.#isReadable || this.#held.length === 0) return;
    const event = Buffer.concat(this.#held.chunks);
    const answer = this.#message?.end();
    const isUnread = this.#message === undefined ? !this.#isMessage && !isNamed(event) : answer === undefined;
    if (isUnread) this.#isReadable = false;
    else this.#out.push(answer === undefined ? event : this.#pass(event, answer));
    this.#held.clear();
    this.#message = undefined;
    this.#isMessage = true;
  }

  #pass(event: Buffer, { text, isChanged, hidden, denied, errorCode }: RpcAnswer): Buffer {
    this.#facts.hidden += hidden;
    this.#facts.denied += denied;
    this.#facts.errorCode = errorCode ?? this.#facts.errorCode;
    return isChanged ? rewrite(event, text) : event;
  }

  #take(): Buffer {
    const all = Buffer.concat(this.#out);
    this.#out = [];
    return all;
  }
}

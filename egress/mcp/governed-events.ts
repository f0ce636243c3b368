/**
 * A stream of server-sent events of an MCP server, event by event: each goes on as it came, or with what the agent may not see taken
 * out of its message, when all of it is here. Sans-io; it holds one event. Nothing goes on of an event that cannot be read, nor
 * after it.
 */
import type { McpAnswers } from '../../decision/index.ts';
import { SseReader } from '../body/index.ts';
import { ChunkList } from '../chunk-list.ts';
import { type EventLines, isPlain, readLines, withLf, writeEvent } from './event-lines.ts';
import { RpcAnswerReader, type RpcAnswer } from './rpc-answer.ts';

const lf = 0x0a;
/** Of the data of one event, which servers write in one line: each line is read by itself. */
const maxPieces = 256 * 1024;
const nothing = Buffer.alloc(0);
const spaces: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const brackets: ReadonlySet<number> = new Set([0x7b, 0x5b]);

export interface GovernedFacts {
  hidden: number;
  denied: number;
  errorCode: number | undefined;
  /** Called before the agent has what brings the state back. */
  readonly onState?: ((state: string) => void) | undefined;
}

/** By its name an event that no client takes for a message; the first transport tells its endpoint so. */
function isOther({ name, isCut, hasOddData }: EventLines): boolean {
  return name !== '' && name !== 'message' && !isCut && !hasOddData;
}

export class GovernedEvents {
  readonly #answers: McpAnswers;
  readonly #facts: GovernedFacts;
  readonly #reader: SseReader;
  readonly #held = new ChunkList();
  /** Of the event under way; undefined: no data but white space came. */
  #message: RpcAnswerReader | undefined;
  #isMessage = true;
  #isFirst = true;
  #pieces = 0;
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
    this.#pieces += 1;
    if (this.#pieces > maxPieces) this.#isReadable = false;
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
    const passed = this.#judge(Buffer.concat(this.#held.chunks));
    if (passed === undefined) this.#isReadable = false;
    else this.#out.push(passed);
    this.#held.clear();
    this.#message = undefined;
    this.#isMessage = true;
    this.#isFirst = false;
    this.#pieces = 0;
  }

  /** What of an event goes on; undefined: nobody can say what clients read in it. */
  #judge(event: Buffer): Buffer | undefined {
    if (this.#message !== undefined) return this.#passMessage(event, this.#message.end());
    if (this.#isMessage && isPlain(event)) return event;
    const lines = readLines(event, this.#isFirst);
    if (lines === undefined) return undefined;
    if (this.#isMessage && lines.isCut) return Buffer.from(`${lines.kept}\n`, 'latin1');
    if (!this.#isMessage && !isOther(lines)) return undefined;
    return lines.hasBareCr ? withLf(event) : event;
  }

  #passMessage(event: Buffer, answer: RpcAnswer | undefined): Buffer | undefined {
    if (answer === undefined) return undefined;
    const { text, isChanged } = answer;
    this.#learn(answer);
    if (!isChanged && isPlain(event)) return event;
    const lines = readLines(event, this.#isFirst);
    if (lines === undefined) return undefined;
    const isOdd = lines.isCut || lines.hasOddData || lines.hasBareCr;
    return isChanged || isOdd ? writeEvent(lines, Buffer.concat(text)) : event;
  }

  #learn({ hidden, denied, states, errorCode }: RpcAnswer): void {
    this.#facts.hidden += hidden;
    this.#facts.denied += denied;
    this.#facts.errorCode = errorCode ?? this.#facts.errorCode;
    for (const state of states) this.#facts.onState?.(state);
  }

  #take(): Buffer {
    const all = Buffer.concat(this.#out);
    this.#out = [];
    return all;
  }
}

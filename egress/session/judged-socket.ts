/**
 * A WebSocket of the Responses API whose messages are judged: one response after the other, each as a call of its own. Sans-io: chunks
 * in, chunks out, and two ports for what the gateway says itself, always between two messages. What it cannot read it does not pass on.
 */
import { randomBytes } from 'node:crypto';
import { binaryMessage, kindOfMessage, type Refusal } from '../../decision/index.ts';
import type { EventRead } from '../body/index.ts';
import * as failure from './failure.ts';
import { AgentMessages, type AgentMessage } from './agent-messages.ts';
import { renderErrorEvent } from './error-event.ts';
import { writeText } from '../socket/frame-writer.ts';
import { codecFor } from '../providers/index.ts';
import { lastEvents, ResponseCall, tooMany, type ResponseOwner } from './response-call.ts';
import { ServerMessages, type ServerEvent } from '../socket/server-messages.ts';
import type { RelayPorts } from './relay.ts';
import type { SocketMessages, SocketParts } from './socket-parts.ts';

/** Responses that wait for the one before. */
const maxWaiting = 16;
/** Responses whose size is known to those that go on from them. */
const maxKnown = 64;
/**
 * What may wait for an agent when the gateway says something of its own. A refusal is a hundred times the message it is about, and
 * an agent that asks and does not read would fill the gateway with them.
 */
const maxUnread = 256 * 1024;
const unread = 'REFUSALS_UNREAD';

interface Asked {
  readonly message: AgentMessage;
  readonly read: EventRead;
}

/** What makes a response be under way. */
const firstEvents: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
]);

export class JudgedSocket implements SocketMessages, ResponseOwner {
  readonly #parts: SocketParts;
  readonly #agent: AgentMessages;
  readonly #server: ServerMessages;
  #ports: RelayPorts | undefined;
  #passing: Buffer[] = [];
  readonly #waiting: Asked[] = [];
  #call: ResponseCall | undefined;
  /** For the agent, until a message of the upstream's is over. */
  #told: Buffer[] = [];
  #toldBytes = 0;
  #isReading = false;
  /** Of responses of this socket, by id. */
  readonly #sizes = new Map<string, number>();
  #chunkBytes = 0;
  /** Why it ends, and the last message of the chunk that is being read which the agent still gets. */
  #stop: { readonly error: string; readonly last: number } | undefined;

  constructor(parts: SocketParts) {
    this.#parts = parts;
    const { context, inbound } = parts;
    this.#agent = new AgentMessages(context.held, inbound.peer.agentId, {
      control: (frame) => this.#passing.push(frame),
      message: (message) => this.#take(message),
    });
    this.#server = new ServerMessages((event) => this.#event(event));
  }

  open(ports: RelayPorts): void {
    this.#ports = ports;
  }

  // The agent's side.

  fromAgent(chunk: Buffer): Buffer {
    this.#agent.push(chunk);
    const passing = this.#passing;
    this.#passing = [];
    return Buffer.concat(passing);
  }

  #take(message: AgentMessage): void {
    const { read } = message;
    if (this.#stop !== undefined) return message.release();
    if (read === 'binary') return this.#drop(message, binaryMessage);
    if (read.kind === 'unreadable') return this.#dropUnread(message, { ...read, denyReason: 'protocol' });
    const kind = kindOfMessage(read.type, read);
    if (typeof kind === 'object') return this.#drop(message, kind, read.streamId);
    if (kind === 'word') {
      this.#ports?.toUpstream(writeText(message.bytes, randomBytes(4)));
      return message.release();
    }
    if (this.#waiting.length >= maxWaiting) return this.#drop(message, tooMany, read.streamId);
    this.#waiting.push({ message, read });
    this.#next();
  }

  #drop(message: AgentMessage, refusal: Refusal, streamId?: string): void {
    this.#dropUnread(message, failure.ofRefusal(refusal), streamId);
  }

  #dropUnread(message: AgentMessage, reason: failure.Failure, streamId?: string): void {
    message.release();
    this.#tell(reason, streamId);
  }

  #next(): void {
    if (this.#call !== undefined || this.#stop !== undefined) return;
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    const { previousId } = asked.read;
    const carried = previousId === undefined ? 0 : (this.#sizes.get(previousId) ?? 0);
    const call = new ResponseCall(this.#parts, { ...asked, carried }, this);
    this.#call = call;
    call.begin();
  }

  // What a response says.

  send(parts: readonly Buffer[]): void {
    this.#ports?.toUpstream(writeText(parts, randomBytes(4)));
  }

  refused(reason: failure.Failure): void {
    this.#tell(reason, this.#call?.read.streamId);
  }

  overrun(): void {
    const spent = { ...failure.budgetCut, status: 429, message: failure.overBudget };
    this.#tell(spent, this.#call?.read.streamId);
    this.#stop = { error: failure.budgetCut.code, last: this.#server.ended };
  }

  over(): void {
    this.#call = undefined;
    this.#next();
  }

  // The upstream's side.

  fromUpstream(chunk: Buffer, pass: (part: Buffer) => Buffer | string): Buffer | string {
    this.#isReading = true;
    this.#chunkBytes = chunk.length;
    const ends = this.#server.push(chunk);
    this.#isReading = false;
    const last = this.#stop === undefined ? ends.at(-1) : ends[this.#stop.last];
    const out: Buffer[] = [];
    const reason = this.#pass(chunk.subarray(0, last ?? 0), pass, out);
    if (reason !== undefined) return reason;
    if (last !== undefined) out.push(...this.#takeTold());
    if (this.#stop !== undefined) {
      this.#ports?.toAgent(Buffer.concat(out));
      return this.#stop.error;
    }
    const stopped = this.#pass(chunk.subarray(last ?? 0), pass, out);
    if (stopped !== undefined) return stopped;
    if (this.#server.isBetween) out.push(...this.#takeTold());
    return Buffer.concat(out);
  }

  /** The reason to end, where there is one. */
  #pass(part: Buffer, pass: (part: Buffer) => Buffer | string, out: Buffer[]): string | undefined {
    if (part.length === 0) return undefined;
    const passed = pass(part);
    if (typeof passed === 'string') return passed;
    out.push(passed);
    return undefined;
  }

  #event(event: ServerEvent): void {
    const call = this.#call;
    const { type, responseId } = event;
    if (this.#stop !== undefined) return;
    const isAsked = call?.isRunning === true ? call.event(event, this.#chunkBytes) : !firstEvents.has(type);
    this.#chunkBytes = 0;
    // The upstream began it by itself: nothing of a response that nobody judged passes.
    if (!isAsked) this.#stop = { error: 'UNASKED_RESPONSE', last: this.#server.ended - 1 };
    if (call !== undefined && responseId !== undefined && lastEvents.has(type))
      this.#learn(responseId, call.tokens);
  }

  #learn(responseId: string, tokens: number): void {
    this.#sizes.set(responseId, tokens);
    const [oldest] = this.#sizes.keys();
    if (this.#sizes.size > maxKnown && oldest !== undefined) this.#sizes.delete(oldest);
  }

  /** As an event of its own, which stands between two of the upstream's. */
  #tell(reason: failure.Failure, streamId?: string): void {
    const { schema, operation } = this.#parts.decision;
    const event = renderErrorEvent(reason, codecFor(schema, operation?.shape), streamId);
    const frame = writeText([event], undefined);
    this.#told.push(frame);
    this.#toldBytes += frame.length;
    const isNow = !this.#isReading && this.#server.isBetween;
    const waiting = isNow ? this.#ports?.toAgent(Buffer.concat(this.#takeTold())) : this.#toldBytes;
    if ((waiting ?? 0) > maxUnread) this.#leave();
  }

  /** What came with it and is not judged yet goes nowhere. */
  #leave(): void {
    this.#stop ??= { error: unread, last: -1 };
    this.#ports?.end(unread);
  }

  #takeTold(): Buffer[] {
    const told = this.#told;
    this.#told = [];
    this.#toldBytes = 0;
    return told;
  }

  revalidate(): boolean {
    return this.#call?.revalidate() ?? true;
  }

  close(error: string): void {
    this.#stop ??= { error, last: -1 };
    for (const { message } of this.#waiting.splice(0)) message.release();
    this.#agent.close();
    this.#call?.broken(this.#stop.error);
  }
}

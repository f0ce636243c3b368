/**
 * What an agent says in a WebSocket that is judged, message by message: each is held whole, within the agent's share, until it is known
 * what it asks for. Frames of control go on at once. Sans-io.
 */
import { bodyCaps, EventReader, unreadable, type EventRead, type Unreadable } from '../body/index.ts';
import { ChunkList } from '../chunk-list.ts';
import type { HeldShare } from './read-ahead.ts';
import { FrameReader } from '../socket/frame-reader.ts';

/** `release` when nothing of its bytes is needed any more; safe to repeat. */
export interface AgentMessage {
  readonly bytes: readonly Buffer[];
  readonly read: EventRead | Unreadable | 'binary';
  release(): void;
}

export interface AgentListener {
  control(frame: Buffer): void;
  message(message: AgentMessage): void;
}

const tooLarge = unreadable(
  'BODY_TOO_LARGE',
  'the message is larger than this agent may have judged now; it was not sent on',
);

class Message {
  readonly isText: boolean;
  readonly #share: HeldShare;
  readonly #agentId: string;
  readonly #reader = new EventReader();
  readonly #kept = new ChunkList();
  #taken = 0;
  #problem: Unreadable | undefined;

  constructor(isText: boolean, share: HeldShare, agentId: string) {
    [this.isText, this.#share, this.#agentId] = [isText, share, agentId];
  }

  push(bytes: Buffer): void {
    if (!this.isText || this.#problem !== undefined) return;
    const isOver = this.#taken + bytes.length > bodyCaps.bytes;
    if (isOver || !this.#share.take(this.#agentId, bytes.length)) return this.#drop(tooLarge);
    this.#taken += bytes.length;
    this.#kept.push(bytes);
    const problem = this.#reader.push(bytes);
    if (problem !== undefined) this.#drop(problem);
  }

  #drop(problem: Unreadable): void {
    this.#problem = problem;
    this.release();
  }

  release(): void {
    this.#kept.clear();
    if (this.#taken > 0) this.#share.give(this.#agentId, this.#taken);
    this.#taken = 0;
  }

  end(): AgentMessage {
    const read = this.isText ? (this.#problem ?? this.#reader.end()) : 'binary';
    return { bytes: this.#kept.chunks, read, release: () => this.release() };
  }
}

export class AgentMessages {
  readonly #reader: FrameReader;
  #message: Message | undefined;

  constructor(share: HeldShare, agentId: string, listener: AgentListener) {
    this.#reader = new FrameReader({
      control: (frame) => listener.control(frame),
      start: (isText) => {
        this.#message = new Message(isText, share, agentId);
      },
      data: (bytes) => this.#message?.push(bytes),
      end: () => {
        const whole = this.#message?.end();
        this.#message = undefined;
        if (whole !== undefined) listener.message(whole);
      },
    });
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  /** Nothing more comes. */
  close(): void {
    this.#message?.release();
    this.#message = undefined;
  }
}

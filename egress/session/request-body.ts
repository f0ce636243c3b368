/**
 * The request body on its way: held until it has been judged, or until a connection is there, and kept so that another attempt
 * can send it again. Apart so that how much may be held, for one request and for an agent, is in one place.
 */
import { ChunkList } from '../chunk-list.ts';
import type { HeldShare } from './read-ahead.ts';

/** A body that only waits for a connection, or for another attempt. */
const maxWaitingBytes = 64 * 1024;
/** Of one that was not judged, kept for another place: what is larger leaves the agent's share to its other calls. */
const maxKeptBytes = 8 * 1024 * 1024;

export class RequestBody {
  readonly #share: HeldShare;
  readonly #agentId: string;
  #kept = new ChunkList();
  /** Bytes taken from the agent's share. */
  #taken = 0;
  /** Some of it was sent and let go. */
  #isPartial = false;
  /** As much of it is kept as the agent's share has room for. */
  #isKept = false;

  constructor(share: HeldShare, agentId: string) {
    this.#share = share;
    this.#agentId = agentId;
  }

  /** Keeps bytes that must be judged first. False: too many. */
  holdToJudge(bytes: Buffer): boolean {
    if (!this.#share.take(this.#agentId, bytes.length)) return false;
    this.#taken += bytes.length;
    this.#kept.push(bytes);
    return true;
  }

  /** Keeps bytes that wait for a connection. False: no more of them, until they are sent. */
  hold(bytes: Buffer): boolean {
    this.#kept.push(bytes);
    return this.#kept.length < maxWaitingBytes;
  }

  /** There is another place it could be sent to: then also what is larger is kept. */
  keep(): void {
    this.#isKept = true;
  }

  #hasRoom(bytes: number): boolean {
    if (this.#kept.length + bytes <= Math.max(maxWaitingBytes, this.#taken)) return true;
    if (!this.#isKept || this.#kept.length + bytes > maxKeptBytes) return false;
    if (!this.#share.take(this.#agentId, bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  /** Bytes that have been sent are kept for another attempt while the body is small. */
  sent(bytes: Buffer): void {
    if (this.#isPartial) return;
    if (this.#hasRoom(bytes.length)) this.#kept.push(bytes);
    else {
      this.release();
      this.#isPartial = true;
    }
  }

  /** What an attempt sends first; undefined: it cannot be sent again. */
  replay(): readonly Buffer[] | undefined {
    return this.#isPartial ? undefined : this.#kept.chunks;
  }

  /** All of a body that was judged. */
  held(): readonly Buffer[] {
    return this.#kept.chunks;
  }

  /** Another body goes in its place. */
  replace(body: readonly Buffer[]): void {
    this.#kept = new ChunkList();
    for (const bytes of body) this.#kept.push(bytes);
  }

  /** Nothing of it is needed any more. Idempotent. */
  release(): void {
    this.#kept = new ChunkList();
    if (this.#taken > 0) this.#share.give(this.#agentId, this.#taken);
    this.#taken = 0;
  }
}

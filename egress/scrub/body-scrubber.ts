/**
 * Stars out what comes back of an injected secret, chunk by chunk: as many bytes go out as came in. Sans-io. Most bytes
 * are looked at once, in pairs; only where a spelling may begin do the views read along. Held back is only what may
 * still become a secret.
 */
import { foreign } from './alphabet.ts';
import type { Pattern } from './pattern.ts';
import { isArmed, type SecretSet } from './secret-set.ts';
import { stackUnescapers, type Unescaper } from './unescaper.ts';
import { endsPiece, minPiece, Pieces } from './pieces.ts';
import { View, type OnFound, type ViewPlan } from './view.ts';

const nothing = Buffer.alloc(0);
const star = 0x2a;
/** Zero bytes between two characters: one in UTF-16, three in UTF-32. */
const maxZeros = 3;

/** The first index from which the views must read along; the length when there is none. */
function findBeginning({ pairs, firsts }: SecretSet, bytes: Uint8Array, from: number): number {
  const last = bytes.length - 1;
  let at = from;
  // Four pairs a turn: most bytes of most bodies are looked at here and nowhere else. A shift counts modulo 32.
  for (; at + 4 <= last; at += 4) {
    const second = bytes[at + 1] as number;
    const third = bytes[at + 2] as number;
    const fourth = bytes[at + 3] as number;
    const fifth = bytes[at + 4] as number;
    const begins =
      ((pairs[((bytes[at] as number) << 3) | (second >> 5)] as number) >>> second) |
      ((pairs[(second << 3) | (third >> 5)] as number) >>> third) |
      ((pairs[(third << 3) | (fourth >> 5)] as number) >>> fourth) |
      ((pairs[(fourth << 3) | (fifth >> 5)] as number) >>> fifth);
    if ((begins & 1) === 1) break;
  }
  for (; at < last; at += 1) {
    const second = bytes[at + 1] as number;
    const word = pairs[((bytes[at] as number) << 3) | (second >> 5)] as number;
    if (((word >>> second) & 1) === 1) return at;
  }
  return last >= from && firsts[bytes[last] as number] === 1 ? last : bytes.length;
}

/** The views of one body and the layers of escapes before some of them. */
class Reading {
  readonly #plain: readonly View[];
  readonly #unescaped: readonly View[];
  readonly #all: readonly View[];
  readonly #stack: readonly Unescaper[];
  readonly #first: Unescaper;
  readonly #onFound: OnFound;
  /** By pattern, once a beginning of it was seen. */
  readonly #pieces = new Map<Pattern, Pieces>();
  #zeros = 0;

  constructor(set: SecretSet, onFound: OnFound) {
    this.#onFound = onFound;
    this.#plain = set.plain.map((plan) => new View(plan, { onFound, onEnd: () => undefined }));
    this.#unescaped = set.unescaped.map((plan) => this.#openView(plan));
    this.#all = [...this.#plain, ...this.#unescaped];
    this.#stack = stackUnescapers({
      push: (code, start, end) => {
        for (const view of this.#unescaped) view.push(code, start, end);
        for (const pieces of this.#pieces.values()) pieces.push(code, start, end);
      },
    });
    this.#first = this.#stack[0] as Unescaper;
  }

  #openView(plan: ViewPlan): View {
    const { alphabet } = plan;
    const onEnd = (pattern: Pattern, matched: number, symbol: number): void => {
      if (matched < minPiece || !endsPiece(symbol)) return;
      const pieces = this.#pieces.get(pattern) ?? new Pieces(alphabet, pattern, this.#onFound);
      this.#pieces.set(pattern, pieces);
      pieces.begin(matched);
    };
    return new View(plan, { onFound: this.#onFound, onEnd });
  }

  /** Reads on until nothing is under way; returns the index after what was read. `base`: where `bytes` start in the body. */
  read(bytes: Uint8Array, from: number, base: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      if (byte === 0 && this.#zeros < maxZeros) {
        this.#zeros += 1;
        continue;
      }
      this.#zeros = byte === 0 ? this.#zeros : 0;
      this.#push(byte === 0 ? foreign : byte, base + at);
      if (this.isAtRest()) return at + 1;
    }
    return bytes.length;
  }

  #push(code: number, start: number): void {
    for (const view of this.#plain) view.push(code, start, start + 1);
    this.#first.push(code, start, start + 1);
  }

  isAtRest(): boolean {
    for (const view of this.#all) if (view.depth > 0) return false;
    for (const pieces of this.#pieces.values()) if (pieces.isWaiting) return false;
    for (const unescaper of this.#stack) if (unescaper.count > 0) return false;
    return true;
  }

  /** Where the first of what must be held back starts; undefined: nothing must. */
  pendingFrom(): number | undefined {
    let from = Number.POSITIVE_INFINITY;
    for (const view of this.#all) if (view.depth > 0) from = Math.min(from, view.start);
    for (const unescaper of this.#stack) if (unescaper.count > 0) from = Math.min(from, unescaper.start);
    for (const pieces of this.#pieces.values()) if (pieces.isUnderWay) from = Math.min(from, pieces.start);
    return from === Number.POSITIVE_INFINITY ? undefined : from;
  }

  /** No more bytes come: what ends every escape and every match. */
  finish(at: number): void {
    this.#push(foreign, at);
  }
}

export class BodyScrubber {
  readonly #set: SecretSet;
  readonly #isArmed: boolean;
  /** Made when first needed: most bodies have nothing that begins like a secret. */
  #reading: Reading | undefined;
  #underWay = false;
  /** What is held back, then with the chunk behind it. */
  #bytes: Buffer = nothing;
  /** `#bytes` is a copy of our own. */
  #owned = false;
  /** Bytes that went out. */
  #base = 0;
  /** True once a secret was found and starred out. */
  found = false;

  constructor(set: SecretSet) {
    this.#set = set;
    this.#isArmed = isArmed(set);
  }

  push(chunk: Buffer): Buffer {
    if (!this.#isArmed) return chunk;
    const held = this.#bytes.length;
    this.#owned = held > 0;
    this.#bytes = held === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#read(held);
    return this.#release();
  }

  #read(from: number): void {
    // Stars replace only what was read already.
    const bytes = this.#bytes;
    let at = from;
    while (at < bytes.length) {
      if (!this.#underWay) at = findBeginning(this.#set, bytes, at);
      if (at >= bytes.length) return;
      this.#reading ??= new Reading(this.#set, (start, end) => this.#starOut(start, end));
      at = this.#reading.read(bytes, at, this.#base);
      this.#underWay = !this.#reading.isAtRest();
    }
  }

  #starOut(start: number, end: number): void {
    this.found = true;
    if (!this.#owned) this.#bytes = Buffer.from(this.#bytes);
    this.#owned = true;
    this.#bytes.fill(star, start - this.#base, end - this.#base);
  }

  #release(): Buffer {
    const bytes = this.#bytes;
    const from = this.#underWay ? this.#reading?.pendingFrom() : undefined;
    const ready = from === undefined ? bytes.length : from - this.#base;
    // A copy: the chunk may be a slice of a large receive buffer.
    this.#bytes = ready === bytes.length ? nothing : Buffer.from(bytes.subarray(ready));
    this.#base += ready;
    return ready === bytes.length ? bytes : bytes.subarray(0, ready);
  }

  /** What was held back, at the end of the body or of a message in it. */
  flush(): Buffer {
    this.#owned = true;
    this.#reading?.finish(this.#base + this.#bytes.length);
    const rest = this.#bytes;
    this.#bytes = nothing;
    this.#base += rest.length;
    return rest;
  }
}

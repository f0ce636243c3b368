/**
 * What time it is for schedules: the NATS server's, which is one for all ingresses, carried on by a clock that only goes forward.
 * The machine's own clock is asked for one thing: that it went another way than the other tells of a machine that slept, or was
 * set. Until the server was asked again nobody knows the time, and nothing is fired.
 */
export interface ReferenceClockOptions {
  /** Unix milliseconds; undefined: it does not answer. Never rejects. */
  readonly ask: () => Promise<number | undefined>;
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
}

/** All of one moment. */
interface Asked {
  readonly server: number;
  readonly monotonic: number;
  readonly wall: number;
}

/** Clocks of machines differ by some seconds in a day; the server's may be set as well. */
const askAgainMs = 30_000;
/** More than NTP moves a clock that is nearly right. */
const driftMs = 1_000;

export class ReferenceClock {
  readonly #options: ReferenceClockOptions;
  #asked: Asked | undefined;

  constructor(options: ReferenceClockOptions) {
    this.#options = options;
  }

  /** Undefined: unknown. */
  async now(): Promise<number | undefined> {
    const { monotonicMs } = this.#options;
    if (this.#asked === undefined || this.#isDoubtful()) this.#asked = await this.#ask();
    else if (monotonicMs() - this.#asked.monotonic > askAgainMs)
      this.#asked = (await this.#ask()) ?? this.#asked;
    return this.#asked === undefined ? undefined : this.#asked.server + monotonicMs() - this.#asked.monotonic;
  }

  #isDoubtful(): boolean {
    if (this.#asked === undefined) return true;
    const { monotonicMs, wallMs } = this.#options;
    const passed = monotonicMs() - this.#asked.monotonic;
    return Math.abs(wallMs() - this.#asked.wall - passed) > driftMs;
  }

  async #ask(): Promise<Asked | undefined> {
    const { ask, monotonicMs, wallMs } = this.#options;
    const server = await ask();
    return server === undefined ? undefined : { server, monotonic: monotonicMs(), wall: wallMs() };
  }
}

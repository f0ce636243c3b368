/** A TCP port or a range of them. A value of its own so that an empty range cannot be written. */

/**
 * A TCP port, or a range of them. Agents speak TCP only, so there is no UDP.
 *
 * @example
 * ```ts
 * gateway.allowHost('db.example.com', { ports: [Port.tcp(5432), Port.tcpRange(8000, 8010)] });
 * ```
 */
export class Port {
  /** The first port. */
  readonly start: number;
  /** The last port, that of `start` for a single one. */
  readonly end: number;

  private constructor(start: number, end: number) {
    for (const each of [start, end]) {
      if (!Number.isInteger(each) || each < 1 || each > 65_535) {
        throw new Error(`port ${each} must be a whole number from 1 to 65535`);
      }
    }
    if (start > end) throw new Error(`port range ${start}-${end} is empty`);
    this.start = start;
    this.end = end;
  }

  /**
   * One port.
   *
   * @example
   * ```ts
   * Port.tcp(5432);
   * ```
   */
  static tcp(port: number): Port {
    return new Port(port, port);
  }

  /**
   * All ports from the first to the last, both included.
   *
   * @example
   * ```ts
   * Port.tcpRange(8000, 8010);
   * ```
   */
  static tcpRange(start: number, end: number): Port {
    return new Port(start, end);
  }

  /** @internal */
  get spec(): { port: number } | { startPort: number; endPort: number } {
    return this.start === this.end ? { port: this.start } : { startPort: this.start, endPort: this.end };
  }
}

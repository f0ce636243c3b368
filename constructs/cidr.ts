/**
 * A range of IP addresses. A value of its own because text that is almost one ("10.0.0.0", "010.0.0.1/8") must be
 * refused where it is written. It knows nothing of what is open; never-open.ts does.
 */
import { isIP } from 'node:net';
import { problemOfCidr } from './never-open.ts';

/**
 * A range of IP addresses, checked where it is written.
 *
 * @example
 * ```ts
 * gateway.allowCidrs([Cidr.of('10.20.0.0/16'), Cidr.address('192.0.2.7')], { ports: [Port.tcp(5432)] });
 * ```
 */
export class Cidr {
  /** As it is written in manifests, such as `10.20.0.0/16`. */
  readonly text: string;

  private constructor(text: string) {
    const problem = problemOfCidr(text);
    if (problem !== undefined) throw new Error(problem);
    this.text = text;
  }

  /**
   * A range in CIDR notation, IPv4 or IPv6.
   *
   * @example
   * ```ts
   * Cidr.of('10.20.0.0/16');
   * ```
   */
  static of(text: string): Cidr {
    return new Cidr(text);
  }

  /**
   * One address.
   *
   * @example
   * ```ts
   * Cidr.address('192.0.2.7'); // 192.0.2.7/32
   * ```
   */
  static address(ip: string): Cidr {
    const version = isIP(ip);
    if (version === 0) throw new Error(`"${ip}" is not an IP address`);
    return new Cidr(`${ip}/${version === 4 ? 32 : 128}`);
  }

  toString(): string {
    return this.text;
  }
}

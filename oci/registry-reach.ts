/**
 * Which addresses a registry may send us to. A registry is whatever an image names, so a hostile one can answer with a
 * redirect or a token service that is really somebody's metadata service or a server behind our firewall. Rule: what it
 * names may be as far from us as itself or farther, never nearer. Pure.
 */
import { isPrivateAddress, parseIp, reservedReason } from '../contract/index.ts';

/** From anywhere in the world to this machine and its cloud. */
export const nearness = ['public', 'private', 'loopback', 'never'] as const;
export type Nearness = (typeof nearness)[number];

/** An address that is none is as near as can be: nothing may go there. */
export function nearnessOf(address: string): Nearness {
  const ip = parseIp(address);
  if (ip === undefined) return 'never';
  const reserved = reservedReason(ip);
  if (reserved === 'loopback') return 'loopback';
  if (reserved !== undefined) return 'never';
  return isPrivateAddress(ip) ? 'private' : 'public';
}

export class RegistryReach {
  readonly #host: string;
  #own: Nearness = 'public';

  /** `host`: the registry's, without port; brackets of IPv6 are taken off. */
  constructor(host: string) {
    this.#host = bareHost(host);
  }

  /** To be asked of each address before it is connected to. */
  mayReach(host: string, address: string): boolean {
    const near = nearnessOf(address);
    if (bareHost(host) === this.#host) {
      // What the image names itself is its own business; it is also how near its redirects may come.
      if (nearness.indexOf(near) > nearness.indexOf(this.#own)) this.#own = near;
      return true;
    }
    return nearness.indexOf(near) <= nearness.indexOf(this.#own);
  }
}

/** As URLs write it, without the brackets of an IPv6 address. */
export function bareHost(host: string): string {
  return host.replace(/^\[|\]$/g, '').toLowerCase();
}

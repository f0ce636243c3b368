/**
 * Addresses and URLs as Kubernetes' CEL libraries see them (k8s.io/apiserver/pkg/cel/library: ip, cidr, url). Apart from
 * contract's parseIp, which unwraps IPv4 in IPv6 on purpose: here the verdict must be the API server's.
 */
import { BlockList, isIP } from 'node:net';

type Family = 'ipv4' | 'ipv6';

export class IpValue {
  readonly text: string;
  readonly family: Family;

  constructor(text: string, family: Family) {
    this.text = text;
    this.family = family;
  }
}

/** Undefined for zones, octal, and IPv4 in IPv6 clothes, all of which Kubernetes refuses. */
export function parseIpValue(text: string): IpValue | undefined {
  const version = isIP(text);
  if (version === 0 || text.includes('%') || (version === 6 && isMapped(text))) return undefined;
  return new IpValue(text, version === 4 ? 'ipv4' : 'ipv6');
}

function isMapped(text: string): boolean {
  return text.includes('.') || /^(?:0{1,4}:){5}ffff:|^::ffff:[^:]+:[^:]+$/i.test(text);
}

export class CidrValue {
  readonly address: IpValue;
  readonly prefix: number;
  readonly #range = new BlockList();

  constructor(address: IpValue, prefix: number) {
    this.address = address;
    this.prefix = prefix;
    this.#range.addSubnet(address.text, prefix, address.family);
  }

  containsIp({ text, family }: IpValue): boolean {
    return family === this.address.family && this.#range.check(text, family);
  }

  containsCidr(other: CidrValue): boolean {
    return other.prefix >= this.prefix && this.containsIp(other.address);
  }
}

const known = new Map<string, CidrValue>();
const maxKnown = 4_096;

export function parseCidrValue(text: string): CidrValue | undefined {
  const cached = known.get(text);
  if (cached !== undefined) return cached;
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = match?.[1] === undefined ? undefined : parseIpValue(match[1]);
  const prefix = Number(match?.[2]);
  if (address === undefined || prefix > (address.family === 'ipv4' ? 32 : 128)) return undefined;
  const value = new CidrValue(address, prefix);
  if (known.size >= maxKnown) known.clear();
  known.set(text, value);
  return value;
}

/** As Go's url.ParseRequestURI: an absolute URL or an absolute path. */
export function isRequestUrl(text: string): boolean {
  if (/[\u0000-\u001f\u007f]/.test(text)) return false;
  return text.startsWith('/') || (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && URL.canParse(text));
}

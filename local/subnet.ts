/**
 * How the development platform divides its address range. TEST-NET-2 by default: EndpointSlices refuse loopback
 * addresses, and a documentation range is never a real host's. Pure; a second platform on one machine (tests) takes
 * another /24.
 */
import { ClrkError } from '../contract/index.ts';

export const defaultSubnet = '198.51.100.0/24';

export interface Subnet {
  readonly cidr: string;
  /** The node's own address: kubelet API, InternalIP. */
  readonly nodeAddress: string;
  readonly podCidr: string;
  /** Pod addresses in the order they are given out. */
  readonly podAddresses: readonly string[];
  readonly serviceCidr: string;
  /** Example hosts (provider stand-in) live here; `exampleAddress(250)`. */
  readonly exampleAddress: (last: number) => string;
  readonly contains: (address: string) => boolean;
}

export function computeSubnet(cidr: string): Subnet {
  const match = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.0\/24$/.exec(cidr);
  const prefix = match?.[1];
  if (prefix === undefined) throw new ClrkError('SUBNET_INVALID', `${cidr} is not a /24 network`);
  return {
    cidr,
    nodeAddress: `${prefix}.1`,
    podCidr: `${prefix}.0/25`,
    // .0 is the network's, .1 the node's; .127 and above are services and example hosts.
    podAddresses: Array.from({ length: 125 }, (_, index) => `${prefix}.${index + 2}`),
    serviceCidr: `${prefix}.128/26`,
    exampleAddress: (last) => `${prefix}.${last}`,
    contains: (address) => address.startsWith(`${prefix}.`),
  };
}

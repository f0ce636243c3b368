/**
 * The names and addresses of network slot N, all derived from its index. Pure and apart because the nft rules, the
 * `ip` batches and the listeners must agree on them. Slots live in 100.64.0.0/10 (RFC 6598), which only exists
 * inside the worker's router namespace.
 */
export interface SlotAddress {
  readonly index: number;
  /** Interface of the router namespace. At most 15 characters (IFNAMSIZ). */
  readonly hostInterface: string;
  readonly gatewayIp: string;
  /** What the sandbox has, and what an accepted socket shows as its peer. */
  readonly sandboxIp: string;
  readonly gatewayIp6: string;
  readonly sandboxIp6: string;
  /** Network namespace, as in /run/netns. */
  readonly namespace: string;
}

/** More than a worker runs and keeps warm, for those that are still being removed; the rules list them all at once. */
export const maxSlots = 384;
export const slotInterfacePrefix = 'cs';
export const slotPrefixLength = 30;
export const slotPrefixLength6 = 126;

export function slotAddress(routerNamespace: string, index: number): SlotAddress {
  if (!Number.isInteger(index) || index < 0 || index >= maxSlots) throw new RangeError(`no slot ${index}`);
  const base = index * 4;
  const address = (host: number): string => `100.64.${(base >> 8) & 0xff}.${(base & 0xff) + host}`;
  const hex = (base >> 0).toString(16);
  return {
    index,
    hostInterface: `${slotInterfacePrefix}${index}`,
    gatewayIp: address(1),
    sandboxIp: address(2),
    // A ULA that routes nowhere: it exists only so that IPv6 attempts arrive here and are refused with a record.
    gatewayIp6: `fd00:c1:c1:${hex}::1`,
    sandboxIp6: `fd00:c1:c1:${hex}::2`,
    namespace: `${routerNamespace}-${index}`,
  };
}

/** Slot index by the sandbox's address, or undefined. */
export function slotIndexOf(sandboxIp: string): number | undefined {
  const match = /^100\.64\.(\d{1,3})\.(\d{1,3})$/.exec(sandboxIp);
  if (match === null) return undefined;
  const low = Number(match[2]);
  if (low % 4 !== 2) return undefined;
  const index = (Number(match[1]) * 256 + low - 2) / 4;
  return index < maxSlots ? index : undefined;
}

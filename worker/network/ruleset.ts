/**
 * The nftables rules of a router namespace, as text. Pure and apart because this is the wall: it can be read and
 * tested without a kernel. Everything a slot sends is caught, redirected or refused; nothing is ever forwarded.
 * It must be loaded before the first slot exists (S10).
 */
import { maxSlots, slotAddress, slotInterfacePrefix } from './slot-address.ts';

export interface RulesetPorts {
  readonly tcp: number;
  readonly metadata: number;
  readonly dns: number;
}

export const metadataIp = '169.254.169.254';
/** Mark of connections caught by TPROXY; routed to the local stack by the table of the same number. */
export const caughtMark = 1;
export const caughtTable = 100;

// The elements are bounded and time out, so that a flood of refused packets cannot grow the kernel's memory.
const refusedSetLimits = 'size 16384; flags dynamic; timeout 10m;';

/** For `nft -f -`. Idempotent: replaces the table in one transaction. */
export function renderRuleset(ports: RulesetPorts): string {
  const slots = Array.from({ length: maxSlots }, (_, index) => slotAddress('router', index));
  const spoof4 = slots.map((slot) => `"${slot.hostInterface}" . ${slot.sandboxIp}`).join(', ');
  const spoof6 = slots.map((slot) => `"${slot.hostInterface}" . ${slot.sandboxIp6}`).join(', ');
  const fromSlot = `iifname "${slotInterfacePrefix}*"`;
  return `table inet clrk_source
delete table inet clrk_source
table inet clrk_source {
  set slots4 {
    type ifname . ipv4_addr
    elements = { ${spoof4} }
  }
  set slots6 {
    type ifname . ipv6_addr
    elements = { ${spoof6} }
  }
  chain c_source {
    type filter hook prerouting priority raw
    policy accept
    ${fromSlot} meta nfproto ipv4 iifname . ip saddr != @slots4 drop
    ${fromSlot} icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ${fromSlot} meta nfproto ipv6 iifname . ip6 saddr != @slots6 drop
  }
}
table inet clrk
delete table inet clrk
table inet clrk {
  set refused4 {
    type ifname . ipv4_addr . inet_proto . inet_service
    ${refusedSetLimits}
  }
  set refused6 {
    type ifname . ipv6_addr . inet_proto . inet_service
    ${refusedSetLimits}
  }
  chain c_catch {
    type filter hook prerouting priority mangle
    policy accept
    ${fromSlot} meta nfproto ipv4 ip daddr ${metadataIp} tcp dport 80 tproxy ip to 127.0.0.1:${ports.metadata} meta mark set ${caughtMark} accept
    ${fromSlot} meta nfproto ipv4 meta l4proto tcp tproxy ip to 127.0.0.1:${ports.tcp} meta mark set ${caughtMark} accept
  }
  chain c_dns {
    type nat hook prerouting priority dstnat
    policy accept
    ${fromSlot} meta nfproto ipv4 udp dport 53 redirect to :${ports.dns}
  }
  chain c_refuse {
    type filter hook prerouting priority filter
    policy accept
    ${fromSlot} meta mark ${caughtMark} accept
    ${fromSlot} meta nfproto ipv4 udp dport ${ports.dns} ct status dnat accept
    ${fromSlot} icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ${fromSlot} meta nfproto ipv4 meta l4proto { tcp, udp } update @refused4 { iifname . ip daddr . meta l4proto . th dport }
    ${fromSlot} meta nfproto ipv4 meta l4proto icmp update @refused4 { iifname . ip daddr . meta l4proto . 0 }
    ${fromSlot} meta nfproto ipv6 meta l4proto { tcp, udp } update @refused6 { iifname . ip6 daddr . meta l4proto . th dport }
    ${fromSlot} meta nfproto ipv6 meta l4proto ipv6-icmp update @refused6 { iifname . ip6 daddr . meta l4proto . 0 }
    ${fromSlot} meta l4proto tcp reject with tcp reset
    ${fromSlot} reject with icmpx port-unreachable
  }
  chain c_local {
    type filter hook input priority filter
    policy drop
    iifname "lo" accept
    ${fromSlot} meta mark ${caughtMark} accept
    ${fromSlot} udp dport ${ports.dns} ct status dnat accept
    ${fromSlot} icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
  chain c_through {
    type filter hook forward priority filter
    policy drop
  }
}
`;
}

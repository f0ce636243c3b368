/**
 * The nftables rules of a router namespace, as text. Pure and apart because this is the wall: it can be read and
 * tested without a kernel. Everything a slot sends is caught, redirected or refused; nothing is ever forwarded.
 * It must be loaded before the first slot exists (S10).
 */
import { maxSlots, slotAddress, slotInterfacePrefix, type SlotAddress } from './slot-address.ts';

export interface RulesetPorts {
  readonly tcp: number;
  readonly metadata: number;
  readonly dns: number;
}

export const metadataIp = '169.254.169.254';
/** Mark of connections caught by TPROXY; routed to the local stack by the table of the same number. */
export const caughtMark = 1;
export const caughtTable = 100;

/**
 * What one slot may have of what all slots share, enforced before anything of ours is reached: the accept queues, the
 * DNS socket's queue, conntrack. What is over a rate is dropped, so an honest client comes again and is only slowed.
 */
export const slotShares = {
  /** Above what the connector and the metadata server allow: they refuse with a record, this only bounds. */
  connections: 320,
  metadataConnections: 48,
  newConnectionsPerSecond: 200,
  newConnectionsBurst: 512,
  dnsPerSecond: 200,
  dnsBurst: 400,
  dnsFlows: 256,
  /** A question has at most 512 bytes; a little more is answered with an error, a datagram of 64 KiB is nobody's. */
  dnsDatagramBytes: 1232,
  /** Destinations of refused packets that are listed; packets to more of them are only counted. */
  refused4: 256,
  refused6: 64,
} as const;

/** Of the shared listeners, also their namespace's bound: every slot's share at once, so that none fills it for others. */
export const acceptBacklog = 65_535;

/** The sets that hold what was refused to one slot: every packet by its kind, and destinations while there is room. */
export const refusedSets = (
  index: number,
): { readonly seen: string; readonly v4: string; readonly v6: string } => ({
  seen: `refused_${index}`,
  v4: `refused4_${index}`,
  v6: `refused6_${index}`,
});

/** A slot's own sets: no flood of one can push out, be charged to or hide what another was refused. */
function slotRecord(slot: SlotAddress): string {
  const { seen, v4, v6 } = refusedSets(slot.index);
  return `  set ${seen} {
    type nf_proto . inet_proto
    size 64; flags dynamic; counter
  }
  set ${v4} {
    type ipv4_addr . inet_proto . inet_service
    size ${slotShares.refused4}; flags dynamic; counter
  }
  set ${v6} {
    type ipv6_addr . inet_proto . inet_service
    size ${slotShares.refused6}; flags dynamic; counter
  }
  chain c_record_${slot.index} {
    add @${seen} { meta nfproto . meta l4proto counter }
    meta nfproto ipv4 meta l4proto { tcp, udp } add @${v4} { ip daddr . meta l4proto . th dport counter } return
    meta nfproto ipv4 add @${v4} { ip daddr . meta l4proto . 0 counter } return
    meta nfproto ipv6 meta l4proto { tcp, udp } add @${v6} { ip6 daddr . meta l4proto . th dport counter } return
    meta nfproto ipv6 add @${v6} { ip6 daddr . meta l4proto . 0 counter } return
  }
`;
}

/** Sets with one element a slot that hold a limit's state. */
const shareSet = (name: string): string =>
  `  set ${name} {
    type ifname
    size ${maxSlots}; flags dynamic;
  }
`;
const shareSets = ['tcp_rate', 'tcp_flows', 'metadata_flows', 'dns_rate', 'dns_flows'];

/** For `nft -f -`. Idempotent: replaces the table in one transaction. */
export function renderRuleset(ports: RulesetPorts): string {
  const slots = Array.from({ length: maxSlots }, (_, index) => slotAddress('router', index));
  const spoof4 = slots.map((slot) => `"${slot.hostInterface}" . ${slot.sandboxIp}`).join(', ');
  const spoof6 = slots.map((slot) => `"${slot.hostInterface}" . ${slot.sandboxIp6}`).join(', ');
  const share = slotShares;
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
${shareSets.map(shareSet).join('')}${slots.map(slotRecord).join('')}  map recorders {
    type ifname : verdict
    elements = { ${slots.map((slot) => `"${slot.hostInterface}" : jump c_record_${slot.index}`).join(', ')} }
  }
  chain c_share {
    ip daddr ${metadataIp} tcp dport 80 add @metadata_flows { iifname ct count over ${share.metadataConnections} } drop
    meta l4proto tcp update @tcp_rate { iifname limit rate over ${share.newConnectionsPerSecond}/second burst ${share.newConnectionsBurst} packets } drop
    meta l4proto tcp add @tcp_flows { iifname ct count over ${share.connections} } drop
    udp dport 53 add @dns_flows { iifname ct count over ${share.dnsFlows} } drop
  }
  chain c_catch {
    type filter hook prerouting priority mangle
    policy accept
    ${fromSlot} udp dport 53 udp length > ${share.dnsDatagramBytes} drop
    ${fromSlot} udp dport 53 update @dns_rate { iifname limit rate over ${share.dnsPerSecond}/second burst ${share.dnsBurst} packets } drop
    ${fromSlot} ct state new jump c_share
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
    iifname vmap @recorders
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

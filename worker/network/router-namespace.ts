/**
 * The worker's router namespace: a network namespace that holds the host ends of all slots, the nftables wall, the
 * policy routing for TPROXY and our listening sockets. Apart from the host's own network on purpose: nothing of the
 * host's firewall or routes is touched, and deleting the namespace removes all of it.
 * The main thread enters it only inside `inNamespace`, synchronously, and always goes back.
 */
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { runCommand } from '../system/command.ts';
import {
  enterNetworkNamespace,
  openTransparentListener,
  openUdpSocket,
  type OpenedSocket,
} from '../system/libc.ts';
import { acceptBacklog, caughtMark, caughtTable, renderRuleset } from './ruleset.ts';

/** Of conntrack, where the kernel's own are minutes. */
const flowSeconds = {
  tcp_timeout_syn_sent: 10,
  tcp_timeout_syn_recv: 10,
  tcp_timeout_fin_wait: 30,
  tcp_timeout_close_wait: 30,
  tcp_timeout_last_ack: 10,
  udp_timeout: 10,
  udp_timeout_stream: 10,
} as const;
/** Every slot's burst of questions, a KiB each with what the kernel adds. */
const dnsQueueBytes = 64 * 1024 * 1024;

export interface RouterNamespace {
  readonly name: string;
  /** Descriptors are the caller's to adopt (`server.listen({ fd })`). */
  readonly tcp: OpenedSocket;
  readonly metadata: OpenedSocket;
  readonly dns: OpenedSocket;
}

export const namespacePath = (name: string): string => `/run/netns/${name}`;

/** Runs `work` with the thread inside the namespace. `work` must not be async. */
export function inNamespace<T>(name: string, work: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    const target = openSync(namespacePath(name), 'r');
    try {
      enterNetworkNamespace(target);
      return work();
    } finally {
      enterNetworkNamespace(home);
      closeSync(target);
    }
  } finally {
    closeSync(home);
  }
}

/** /proc/sys/net shows the namespace of the reading thread, so this is to be called through `inNamespace`. */
export function setSysctl(path: string, value: string): void {
  const file = `/proc/sys/net/${path}`;
  if (existsSync(file)) writeFileSync(file, value);
}

export function runInNamespace(
  name: string,
  file: string,
  args: readonly string[],
  input: string,
): Promise<string> {
  return runCommand('nsenter', [`--net=${namespacePath(name)}`, '--', file, ...args], { input });
}

/** Makes the namespace with its rules and sockets. An old one of this name is replaced. */
export async function openRouterNamespace(name: string): Promise<RouterNamespace> {
  await deleteNamespace(name);
  await runCommand('ip', ['netns', 'add', name]);
  const sockets = inNamespace(name, () => {
    // Without forwarding nothing can cross even if a rule were missing. Loose source checks would drop TPROXY replies.
    setSysctl('ipv4/ip_forward', '0');
    for (const device of ['all', 'default', 'lo']) setSysctl(`ipv4/conf/${device}/rp_filter`, '0');
    for (const device of ['all', 'default']) {
      setSysctl(`ipv4/conf/${device}/route_localnet`, '1');
      setSysctl(`ipv6/conf/${device}/forwarding`, '0');
      setSysctl(`ipv6/conf/${device}/accept_dad`, '0');
      setSysctl(`ipv6/conf/${device}/accept_ra`, '0');
    }
    // Room for every slot's share at once, so that none is refused because others fill theirs (slotShares).
    setSysctl('core/somaxconn', String(acceptBacklog));
    setSysctl('ipv4/tcp_max_syn_backlog', String(acceptBacklog));
    // What a sandbox leaves half open is not its slot's next occupant's for minutes.
    for (const [state, seconds] of Object.entries(flowSeconds)) {
      setSysctl(`netfilter/nf_conntrack_${state}`, String(seconds));
    }
    return {
      tcp: openTransparentListener('127.0.0.1'),
      metadata: openTransparentListener('127.0.0.1'),
      dns: openUdpSocket('0.0.0.0', dnsQueueBytes),
    };
  });
  try {
    await runInNamespace(
      name,
      'nft',
      ['-f', '-'],
      renderRuleset({ tcp: sockets.tcp.port, metadata: sockets.metadata.port, dns: sockets.dns.port }),
    );
    await runCommand('ip', ['-n', name, '-batch', '-'], {
      input: [
        'link set lo up',
        `rule add fwmark ${caughtMark} lookup ${caughtTable}`,
        `route add local default dev lo table ${caughtTable}`,
        '',
      ].join('\n'),
    });
  } catch (cause) {
    for (const socket of Object.values(sockets)) closeSync(socket.fd);
    await deleteNamespace(name);
    throw cause;
  }
  return { name, ...sockets };
}

/** Deletes a namespace if it is there. */
export async function deleteNamespace(name: string): Promise<void> {
  if (existsSync(namespacePath(name))) await runCommand('ip', ['netns', 'delete', name]);
}

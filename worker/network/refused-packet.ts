/**
 * What the wall refused, read back from nft's dynamic sets: one entry a destination, so a flood is one record.
 * The parser is pure; reading and forgetting happen per interface, at the end of an invocation, before the slot is
 * used again.
 */
import type { DenyReason } from '../../contract/index.ts';
import { runInNamespace } from './router-namespace.ts';

export interface RefusedPacket {
  readonly hostInterface: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly reason: DenyReason;
}

interface NftSet {
  readonly set?: { readonly name?: string; readonly elem?: readonly unknown[] };
}

function concatOf(element: unknown): readonly unknown[] | undefined {
  const outer = element as {
    readonly elem?: { readonly val?: { readonly concat?: unknown } };
    readonly concat?: unknown;
  } | null;
  const value = outer?.elem?.val ?? outer;
  return Array.isArray(value?.concat) ? (value.concat as readonly unknown[]) : undefined;
}

function packetOf(element: unknown, ipv6: boolean): RefusedPacket | undefined {
  const [hostInterface, destination, protocol, port] = concatOf(element) ?? [];
  if (typeof hostInterface !== 'string' || typeof destination !== 'string') return undefined;
  const name = String(protocol);
  const reason: DenyReason = ipv6 ? 'ipv6' : name === 'udp' ? 'udp' : 'protocol';
  return { hostInterface, destination, protocol: name, port: Number(port), reason };
}

/** Entries of the refused sets in the output of `nft -j list`. */
export function parseRefusedPackets(output: string): readonly RefusedPacket[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => (JSON.parse(line) as { readonly nftables?: readonly NftSet[] }).nftables ?? [])
    .flatMap(({ set }) =>
      (set?.elem ?? []).flatMap((element) => packetOf(element, set?.name === 'refused6') ?? []),
    );
}

function elementText(packet: RefusedPacket): string {
  return `"${packet.hostInterface}" . ${packet.destination} . ${packet.protocol} . ${packet.port}`;
}

/** What this interface was refused since the last call, and forgets it. */
export async function takeRefusedPackets(
  router: string,
  hostInterface: string,
): Promise<readonly RefusedPacket[]> {
  const listing = await runInNamespace(
    router,
    'nft',
    // The whole table in one process; the long tables of addresses are in another one.
    ['-j', 'list', 'table', 'inet', 'clrk'],
    '',
  );
  const mine = parseRefusedPackets(listing).filter((packet) => packet.hostInterface === hostInterface);
  const remove = (set: string, packets: readonly RefusedPacket[]): string =>
    packets.length === 0
      ? ''
      : `delete element inet clrk ${set} { ${packets.map(elementText).join(', ')} }\n`;
  const script =
    remove(
      'refused4',
      mine.filter((packet) => packet.reason !== 'ipv6'),
    ) +
    remove(
      'refused6',
      mine.filter((packet) => packet.reason === 'ipv6'),
    );
  if (script !== '') await runInNamespace(router, 'nft', ['-f', '-'], script);
  return mine;
}

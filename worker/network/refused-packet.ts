/**
 * What the wall refused one slot, read back from the slot's own nft sets: one entry a destination, so a flood is one
 * record, and how many packets went to more destinations than a slot's sets hold. Whatever the reading comes to, the
 * sets are empty afterwards or it throws: what was refused to one is never read as the next one's.
 */
import type { DenyReason } from '../../contract/index.ts';
import { runInNamespace } from './router-namespace.ts';
import { refusedSets } from './ruleset.ts';

export interface RefusedPacket {
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly reason: DenyReason;
}

export interface RefusedTraffic {
  readonly packets: readonly RefusedPacket[];
  /** Packets to destinations that had no place in the sets any more. */
  readonly unlisted: number;
}

interface Element {
  readonly val?: unknown;
  readonly counter?: { readonly packets?: unknown };
}

interface NftSet {
  readonly name?: string;
  readonly elem?: readonly unknown[];
}

/** An element is its bare value, or the value in `elem` with what nft knows beside it. */
function elementOf(listed: unknown): Element {
  const outer = listed as { readonly elem?: Element } | null;
  return outer?.elem ?? { val: listed };
}

function packetOf(listed: unknown, ipv6: boolean): RefusedPacket | undefined {
  const value = elementOf(listed).val as { readonly concat?: unknown } | null | undefined;
  const [destination, protocol, port] = Array.isArray(value?.concat) ? (value.concat as unknown[]) : [];
  if (typeof destination !== 'string') return undefined;
  const name = String(protocol);
  const reason: DenyReason = ipv6 ? 'ipv6' : name === 'udp' ? 'udp' : 'protocol';
  return { destination, protocol: name, port: Number(port), reason };
}

function packetCount(listed: unknown): number {
  const count = Number(elementOf(listed).counter?.packets);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** What the sets of this slot hold, in outputs of `nft -j list set …`, one after the other. */
export function parseRefusedTraffic(output: string, index: number): RefusedTraffic {
  const { seen, v4, v6 } = refusedSets(index);
  const sets = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap(
      (line) => (JSON.parse(line) as { readonly nftables?: readonly { set?: NftSet }[] }).nftables ?? [],
    )
    .flatMap(({ set }) => (set === undefined ? [] : [set]));
  const elements = (name: string): readonly unknown[] =>
    sets.flatMap((set) => (set.name === name ? (set.elem ?? []) : []));
  const count = (names: readonly string[]): number =>
    names.flatMap(elements).reduce<number>((sum, each) => sum + packetCount(each), 0);
  return {
    packets: [v4, v6].flatMap((name) => elements(name).flatMap((each) => packetOf(each, name === v6) ?? [])),
    unlisted: Math.max(0, count([seen]) - count([v4, v6])),
  };
}

/** One set a run: with several, nft lists the elements of the last one only. */
const listSet = (router: string, name: string): Promise<string> =>
  runInNamespace(router, 'nft', ['-j', 'list', 'set', 'inet', 'clrk', name], '');

/** Forgets what these slots were refused. */
export async function forgetRefusedTraffic(router: string, indexes: readonly number[]): Promise<void> {
  const names = indexes.flatMap((index) => Object.values(refusedSets(index)));
  const script = names.map((name) => `flush set inet clrk ${name}\n`).join('');
  await runInNamespace(router, 'nft', ['-f', '-'], script);
}

/** What this slot was refused since it was last forgotten, and forgets it. */
export async function takeRefusedTraffic(router: string, index: number): Promise<RefusedTraffic> {
  const { seen, v4, v6 } = refusedSets(index);
  let clean = false;
  try {
    const total = await listSet(router, seen);
    // Most runs are refused nothing, and cost one listing.
    clean = !total.includes('"elem"');
    if (clean) return { packets: [], unlisted: 0 };
    const lists = await Promise.all([listSet(router, v4), listSet(router, v6)]);
    return parseRefusedTraffic([total, ...lists].join('\n'), index);
  } finally {
    if (!clean) await forgetRefusedTraffic(router, [index]);
  }
}

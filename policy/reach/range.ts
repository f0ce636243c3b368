/**
 * Ranges of ports and addresses: cut a space where any rule begins or ends, join what came out alike, write addresses as
 * the fewest CIDRs. Pure arithmetic on numbers; it knows no policy.
 */
import type { Cidr } from '../../contract/index.ts';

/** Both ends included. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

export type Family = 4 | 6;

export interface AddressRange extends Range {
  readonly family: Family;
}

const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

export function wholeFamily(family: Family): AddressRange {
  return { family, first: 0n, last: (1n << BigInt(bitsOf(family))) - 1n };
}

export function rangeOfCidr({ family, value, prefix }: Cidr): AddressRange {
  return { family, first: value, last: value + (1n << BigInt(bitsOf(family) - prefix)) - 1n };
}

/** The pieces of `whole` within which every one of `cuts` holds entirely or not at all, in order. */
export function splitRange(whole: Range, cuts: readonly Range[]): Range[] {
  const starts = new Set([whole.first]);
  for (const cut of cuts) {
    if (cut.first > whole.first && cut.first <= whole.last) starts.add(cut.first);
    if (cut.last >= whole.first && cut.last < whole.last) starts.add(cut.last + 1n);
  }
  const sorted = [...starts].sort((a, b) => (a < b ? -1 : 1));
  return sorted.map((first, index) => ({ first, last: (sorted[index + 1] ?? whole.last + 1n) - 1n }));
}

/** Neighbours joined; the input is in order and does not overlap. */
export function joinRanges(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of ranges) {
    const before = joined.at(-1);
    if (before !== undefined && before.last + 1n === range.first) {
      joined[joined.length - 1] = { first: before.first, last: range.last };
    } else joined.push(range);
  }
  return joined;
}

/** `cidrs` without `except`: the shortest way to say which addresses. */
export interface AddressSet {
  readonly cidrs: readonly string[];
  readonly except: readonly string[];
}

/** RFC 5952: the longest run of zero groups, the first of equals, is `::`. */
function renderV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  let [start, length] = [0, 0];
  for (let from = 0; from < 8; from += 1) {
    let to = from;
    while (groups[to] === 0n) to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const hex = (part: readonly bigint[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

export function renderAddress(family: Family, value: bigint): string {
  if (family === 6) return renderV6(value);
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
}

interface Block extends Range {
  readonly prefix: number;
}

interface Description extends AddressSet {
  /** What of the block is not in. */
  readonly closed: readonly string[];
}

/** Of one family. Descends the binary tree of CIDRs only where a block is partly in. */
export function renderAddressSet(family: Family, ranges: readonly Range[]): AddressSet {
  const render = (block: Block): string => `${renderAddress(family, block.first)}/${block.prefix}`;
  const describe = (block: Block, near: readonly Range[]): Description => {
    const inside = near.filter((range) => range.first <= block.last && range.last >= block.first);
    if (inside.length === 0) return { cidrs: [], except: [], closed: [render(block)] };
    if (inside.some((range) => range.first <= block.first && range.last >= block.last)) {
      return { cidrs: [render(block)], except: [], closed: [] };
    }
    const middle = block.first + (block.last - block.first) / 2n;
    const prefix = block.prefix + 1;
    const left = describe({ prefix, first: block.first, last: middle }, inside);
    const right = describe({ prefix, first: middle + 1n, last: block.last }, inside);
    const closed = [...left.closed, ...right.closed];
    const apart = { cidrs: [...left.cidrs, ...right.cidrs], except: [...left.except, ...right.except] };
    const size = apart.cidrs.length + apart.except.length;
    return closed.length + 1 < size
      ? { cidrs: [render(block)], except: closed, closed }
      : { ...apart, closed };
  };
  const { cidrs, except } = describe({ ...wholeFamily(family), prefix: 0 }, ranges);
  return { cidrs, except };
}

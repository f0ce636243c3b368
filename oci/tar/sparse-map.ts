/**
 * Files with holes: where the stored bytes belong, in the four ways tars write it (GNU's type S, PAX 0.0, 0.1, 1.0).
 * Pure. A map that overlaps, runs backwards or does not fit its bytes is IMAGE_INVALID.
 */
import type { ByteText } from './byte-text.ts';
import type { PaxRecord } from './pax-record.ts';
import { damaged, parseNumber } from './tar-header.ts';

export interface Segment {
  readonly offset: number;
  readonly length: number;
}

export interface SparseFile {
  readonly name: ByteText | undefined;
  readonly size: number;
  readonly segments: readonly Segment[];
}

/** More fragments than any file system gives a file that one copies. */
const maxSegments = 250_000;
const digits = /^\d{1,16}$/;

function number(text: string | undefined): number {
  if (text === undefined || !digits.test(text) || Number(text) > Number.MAX_SAFE_INTEGER)
    throw damaged('the map of a sparse file is not made of numbers');
  return Number(text);
}

export function checkSegments(
  segments: readonly Segment[],
  size: number,
  storedBytes: number,
): readonly Segment[] {
  if (segments.length > maxSegments) throw damaged(`a sparse file has more than ${maxSegments} fragments`);
  let end = 0;
  let stored = 0;
  for (const { offset, length } of segments) {
    if (offset < end || offset + length > size) throw damaged('the map of a sparse file contradicts itself');
    end = offset + length;
    stored += length;
  }
  if (stored !== storedBytes) throw damaged('the map of a sparse file does not fit its bytes');
  return segments.filter(({ length }) => length > 0);
}

function pairs(numbers: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  for (let index = 0; index + 1 < numbers.length; index += 2)
    segments.push({ offset: numbers[index] ?? 0, length: numbers[index + 1] ?? 0 });
  return segments;
}

/** Up to `count` entries of 24 bytes; the first empty one ends them. */
function parseGnuEntries(block: Buffer, at: number, count: number): Segment[] {
  const segments: Segment[] = [];
  for (let index = 0; index < count; index++) {
    const offset = at + index * 24;
    if (block[offset] === 0 || block[offset + 12] === 0) break;
    segments.push({ offset: parseNumber(block, offset, 12), length: parseNumber(block, offset + 12, 12) });
  }
  return segments;
}

/** GNU's type S: four entries in the header, then blocks of 21 while each says that another follows. */
export async function readGnuSparse(
  header: Buffer,
  nextBlock: () => Promise<Buffer>,
): Promise<Omit<SparseFile, 'name'>> {
  const size = parseNumber(header, 483, 12);
  const segments = parseGnuEntries(header, 386, 4);
  for (let isLast = header[482] === 0; !isLast;) {
    const block = await nextBlock();
    segments.push(...parseGnuEntries(block, 0, 21));
    if (segments.length > maxSegments) throw damaged(`a sparse file has more than ${maxSegments} fragments`);
    isLast = block[504] === 0;
  }
  return { size, segments };
}

/** PAX 0.0 (repeated keys) and 0.1 (one list); undefined: the entry is not one of them. */
export function parsePaxSparse(records: readonly PaxRecord[]): SparseFile | undefined {
  const last = new Map(records);
  const size = last.get('GNU.sparse.size');
  if (size === undefined) return undefined;
  const listed = last.get('GNU.sparse.map');
  const texts =
    listed === undefined
      ? records.flatMap(([key, value]) =>
          key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes' ? [value] : [],
        )
      : listed === ''
        ? []
        : listed.split(',');
  if (texts.length % 2 !== 0) throw damaged('the map of a sparse file has half an entry');
  return { name: last.get('GNU.sparse.name'), size: number(size), segments: pairs(texts.map(number)) };
}

export interface SparseHead {
  readonly name: ByteText | undefined;
  readonly size: number;
}

/** PAX 1.0, whose map stands before the content; undefined: the entry is not one. */
export function parseSparseHead(records: readonly PaxRecord[]): SparseHead | undefined {
  const last = new Map(records);
  const [major, minor] = [last.get('GNU.sparse.major'), last.get('GNU.sparse.minor')];
  if (major === undefined || major === '0') return undefined;
  if (major !== '1' || minor !== '0') throw damaged('a sparse file has a format that is not known');
  return { name: last.get('GNU.sparse.name'), size: number(last.get('GNU.sparse.realsize')) };
}

/** The map of PAX 1.0: lines of numbers (how many entries, then each), filled up to whole blocks. */
export async function readMapBlocks(
  nextBlock: () => Promise<Buffer>,
): Promise<{ readonly segments: readonly Segment[]; readonly blocks: number }> {
  const numbers: number[] = [];
  let rest = '';
  for (let blocks = 1; ; blocks++) {
    const lines = (rest + (await nextBlock()).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      numbers.push(number(line));
      const [count = 0] = numbers;
      if (count > maxSegments) throw damaged(`a sparse file has more than ${maxSegments} fragments`);
      if (numbers.length === 1 + 2 * count) return { segments: pairs(numbers.slice(1)), blocks };
    }
    if (rest.length > 16 || rest.includes('\0')) throw damaged('the map of a sparse file has no end');
  }
}

/**
 * One block of 512 bytes to the header it is: names, numbers, checksum, in the dialects that are in use (V7, ustar,
 * GNU). Pure; a block that is none is IMAGE_INVALID. What PAX and GNU records say on top is `tar-reader`'s to join.
 */
import { imageError } from '../image-error.ts';
import { shown, type ByteText } from './byte-text.ts';

export const blockBytes = 512;

export type TarType =
  | 'file'
  | 'link'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'directory'
  | 'fifo'
  | 'contiguous-file'
  | 'unknown';

/** What one entry says of itself, all records joined. */
export interface TarHeader {
  readonly name: ByteText;
  readonly type: TarType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of the file as it is to be, holes included. */
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly linkname: ByteText;
}

export interface HeaderBlock {
  readonly name: ByteText;
  readonly linkname: ByteText;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow, before padding. */
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly flag: string;
  readonly isGnu: boolean;
}

const types: ReadonlyMap<string, TarType> = new Map([
  ['\0', 'file'],
  ['0', 'file'],
  ['1', 'link'],
  ['2', 'symlink'],
  ['3', 'character-device'],
  ['4', 'block-device'],
  ['5', 'directory'],
  ['6', 'fifo'],
  ['7', 'contiguous-file'],
  ['S', 'file'],
  // GNU's directory with a list of names as its content.
  ['D', 'directory'],
]);

export function typeOf(flag: string, name: ByteText): TarType {
  // V7 has no type for directories.
  if (flag === '\0' && name.endsWith('/')) return 'directory';
  return types.get(flag) ?? 'unknown';
}

/** A size in the header of these says nothing of what follows (as Go's reader has it, and so docker's). */
export function hasContent(flag: string): boolean {
  return !'123456'.includes(flag);
}

export function damaged(why: string): Error {
  return imageError('IMAGE_INVALID', `a layer is not a whole tar archive: ${why}`);
}

/** Up to the first NUL. */
export function parseText(block: Buffer, offset = 0, length = block.length): ByteText {
  const end = block.indexOf(0, offset);
  const until = end === -1 || end > offset + length ? offset + length : end;
  return block.toString('latin1', offset, until);
}

function parseBinary(block: Buffer, offset: number, length: number): number {
  const negative = block[offset] === 0xff;
  let value = negative ? 0 : (block[offset] ?? 0) & 0x7f;
  for (let index = offset + 1; index < offset + length; index++) {
    const byte = block[index] ?? 0;
    value = value * 256 + (negative ? 255 - byte : byte);
    if (value > Number.MAX_SAFE_INTEGER) throw damaged('a number in a header is too large');
  }
  return negative ? -1 - value : value;
}

/** Octal text, or GNU's binary form where the first bit is set. */
export function parseNumber(block: Buffer, offset: number, length: number): number {
  if (((block[offset] ?? 0) & 0x80) !== 0) return parseBinary(block, offset, length);
  let value = 0;
  let begun = false;
  for (let index = offset; index < offset + length; index++) {
    const byte = block[index] ?? 0;
    if (byte >= 0x30 && byte <= 0x37) {
      value = value * 8 + (byte - 0x30);
      begun = true;
    } else if (byte !== 0x20 && byte !== 0) throw damaged('a number in a header is not octal');
    else if (begun) break;
  }
  return value;
}

function assertChecksum(block: Buffer): void {
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let index = 0; index < blockBytes; index++) {
    if (index >= 148 && index < 156) continue;
    const byte = block[index] ?? 0;
    unsigned += byte;
    if (byte > 127) high++;
  }
  const said = parseNumber(block, 148, 8);
  // Old tars added up signed characters.
  if (said !== unsigned && said !== unsigned - 256 * high)
    throw damaged(`the header of ${shown(parseText(block, 0, 100))} has a wrong checksum`);
}

export function isZeroBlock(block: Buffer): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0);
}

export function parseHeaderBlock(block: Buffer): HeaderBlock {
  assertChecksum(block);
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? parseText(block, 345, 155) : '';
  const name = parseText(block, 0, 100);
  const size = parseNumber(block, 124, 12);
  if (size < 0) throw damaged(`${shown(name)} has a negative size`);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkname: parseText(block, 157, 100),
    mode: parseNumber(block, 100, 8),
    uid: parseNumber(block, 108, 8),
    gid: parseNumber(block, 116, 8),
    size,
    mtimeSeconds: parseNumber(block, 136, 12),
    flag: String.fromCharCode(block[156] ?? 0),
    isGnu: block.toString('latin1', 257, 265) === 'ustar  \0',
  };
}

/**
 * PAX extended headers: bytes to records, and what records change of a header. Pure and linear; a record that is
 * malformed is IMAGE_INVALID, because readers that guess differently would unpack different images.
 */
import { byteText, type ByteText } from './byte-text.ts';
import { damaged, type HeaderBlock } from './tar-header.ts';

/** In the order they stand: sparse maps of version 0.0 repeat their keys. */
export type PaxRecord = readonly [key: string, value: ByteText];

const newline = 0x0a;
const maxLengthDigits = 7;

export function parsePaxRecords(bytes: Buffer): readonly PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = space === -1 || space - at > maxLengthDigits ? '' : bytes.toString('latin1', at, space);
    const end = at + Number(digits);
    if (!/^[1-9]\d*$/.test(digits) || end > bytes.length || bytes[end - 1] !== newline)
      throw damaged('a PAX record has a wrong length');
    const equals = bytes.indexOf(0x3d, space);
    if (equals === -1 || equals >= end || equals === space + 1) throw damaged('a PAX record has no name');
    records.push([
      bytes.toString('latin1', space + 1, equals),
      byteText(bytes.subarray(equals + 1, end - 1)),
    ]);
    at = end;
  }
  return records;
}

function decimal(key: string, value: ByteText): number {
  const number = Number(value);
  const pattern = key === 'mtime' ? /^-?\d{1,15}(\.\d*)?$/ : /^\d{1,16}$/;
  if (!pattern.test(value) || Math.abs(number) > Number.MAX_SAFE_INTEGER)
    throw damaged(`the PAX record ${key} is not a number`);
  return number;
}

/** The last record of a name counts; an empty one takes back what came before. */
export function applyPax(block: HeaderBlock, records: readonly PaxRecord[]): HeaderBlock {
  const last = new Map(records);
  const text = (key: string, otherwise: ByteText): ByteText => last.get(key) || otherwise;
  const number = (key: string, otherwise: number): number => {
    const value = last.get(key);
    return value === undefined || value === '' ? otherwise : decimal(key, value);
  };
  return {
    ...block,
    name: text('path', block.name),
    linkname: text('linkpath', block.linkname),
    uid: number('uid', block.uid),
    gid: number('gid', block.gid),
    size: number('size', block.size),
    mtimeSeconds: number('mtime', block.mtimeSeconds),
  };
}

/**
 * Which answers cannot be searched for secrets: compressed ones, parts of a whole, and texts whose characters are not
 * written in ASCII's bytes. Pure. An answer to a call with a credential is refused when it is one of them; it never
 * guesses in the upstream's favour. Facts: RFC 9110 (codings, ranges), the file signatures of the formats named.
 */
import { fieldValues, listMembers, type Field } from '../http1/index.ts';

/** Charsets that write ASCII as ASCII; UTF-16, UTF-32, UTF-7, ISO 2022, HZ and EBCDIC do not. */
const readableCharset =
  /^(?:utf-?8|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|windows-\d{3,4}|cp125\d|koi8-[ru]|gbk|gb2312|gb18030|big5|euc-(?:jp|kr)|shift_jis|macintosh|binary)$/;

function charsetsOf(contentType: string): string[] {
  if (!/charset/i.test(contentType)) return [];
  return [...contentType.matchAll(/charset[\s*\d]*=\s*("[^"]*"|'[^']*'|[^;\s,]*)/gi)].map(([, value = '']) =>
    value.replaceAll(/["']/g, '').trim().toLowerCase(),
  );
}

function judgeType(contentType: string): string | undefined {
  if (/multipart\/byteranges/i.test(contentType)) return 'sent parts of a whole (multipart/byteranges)';
  const strange = charsetsOf(contentType).find((charset) => !readableCharset.test(charset));
  return strange === undefined ? undefined : 'wrote its answer in a charset that cannot be searched';
}

/** Why an answer with this head cannot be searched: what the upstream did; undefined: as far as the head tells, it can. */
export function judgeHead(status: number, fields: readonly Field[]): string | undefined {
  if (listMembers(fields, 'content-encoding').some((coding) => coding !== 'identity')) {
    return 'compressed its answer although it was asked not to';
  }
  // 416 tells the length of the whole and sends an error, not a part.
  const isPart = status === 206 || (status !== 416 && fieldValues(fields, 'content-range').length > 0);
  if (isPart) return 'sent a part of a whole (206)';
  for (const contentType of fieldValues(fields, 'content-type')) {
    const reason = judgeType(contentType);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

const utf16 = 'wrote its answer in UTF-16 or UTF-32, which cannot be searched';
const compressed = 'sent compressed data, which cannot be searched';

/** What a body starts with, in hexadecimal. */
const signatures: ReadonlyArray<readonly [string, string]> = [
  ['fffe', utf16],
  ['feff', utf16],
  ['0000feff', utf16],
  // gzip, zlib (three levels), zstd, compress, bzip2, xz, lz4, zip, 7z, rar, Snappy's frames.
  ['1f8b', compressed],
  ['7801', compressed],
  ['789c', compressed],
  ['78da', compressed],
  ['28b52ffd', compressed],
  ['1f9d', compressed],
  ['425a6839', compressed],
  ['fd377a585a', compressed],
  ['04224d18', compressed],
  ['504b0304', compressed],
  ['377abcaf', compressed],
  ['526172211a', compressed],
  ['ff060000734e', compressed],
];

/** The other header of zlib reads `x^`: a text goes on as text. */
const zlibOrText = '785e';
const beginnings = [...signatures.map(([signature]) => signature), zlibOrText];
/** Most bodies begin with none of these bytes. */
const firstBytes: ReadonlySet<number> = new Set(
  beginnings.map((beginning) => Number.parseInt(beginning.slice(0, 2), 16)),
);

/** The most bytes `judgeStart` looks at. */
const startBytes = 16;

function isBinary(bytes: Buffer): boolean {
  return bytes.some((byte) => byte > 126 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13));
}

export type StartVerdict =
  | { readonly kind: 'more' }
  | { readonly kind: 'pass'; readonly bytes: Buffer }
  | { readonly kind: 'refuse'; readonly reason: string };

/** Whether a body that starts with these bytes can be searched. `ended`: they are all of it. */
export function judgeStart(bytes: Buffer, ended: boolean): StartVerdict {
  const first = bytes[0];
  if (first !== undefined && !firstBytes.has(first)) return { kind: 'pass', bytes };
  const start = bytes.subarray(0, startBytes);
  const hex = start.toString('hex');
  const found = signatures.find(([signature]) => hex.startsWith(signature));
  if (found !== undefined) return { kind: 'refuse', reason: found[1] };
  const isOpen = !ended && start.length < startBytes;
  if (hex.startsWith(zlibOrText)) {
    if (isBinary(start)) return { kind: 'refuse', reason: compressed };
    if (isOpen) return { kind: 'more' };
  }
  const isBeginning = isOpen && beginnings.some((beginning) => beginning.startsWith(hex));
  return isBeginning ? { kind: 'more' } : { kind: 'pass', bytes };
}

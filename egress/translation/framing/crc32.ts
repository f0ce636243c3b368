/** CRC-32 as of IEEE 802.3 (gzip, AWS event streams). Node's own is only in newer releases than the oldest we run on. */
import zlib from 'node:zlib';

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum >>> 0;
});

/** In plain JavaScript; `seed`: the sum of what came before. */
export function tableCrc32(bytes: Buffer, seed = 0): number {
  let sum = ~seed >>> 0;
  for (const byte of bytes) sum = (sum >>> 8) ^ (table[(sum ^ byte) & 0xff] ?? 0);
  return ~sum >>> 0;
}

type Crc32 = (bytes: Buffer, seed?: number) => number;

/** Twenty times as fast where there is one (20.15, 22.2). */
export const crc32: Crc32 = (zlib as { readonly crc32?: Crc32 }).crc32 ?? tableCrc32;

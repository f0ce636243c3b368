/** Headers of an AWS event stream's message: a name, a type and a value each. Only texts are kept; the others are passed over. */

const textType = 7;
/** Bytes of values of a fixed length, by their type: true, false, byte, short, int, long, then timestamp and UUID. */
const fixedBytes: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 2],
  [4, 4],
  [5, 8],
  [8, 8],
  [9, 16],
]);

/** Where a value begins and how long it is; undefined: no type that there is, or cut. */
function valueAt(bytes: Buffer, at: number, type: number): { start: number; length: number } | undefined {
  const fixed = fixedBytes.get(type);
  if (fixed !== undefined) return { start: at, length: fixed };
  if ((type !== 6 && type !== textType) || at + 2 > bytes.length) return undefined;
  return { start: at + 2, length: bytes.readUInt16BE(at) };
}

/** undefined: they are no headers. Of a repeated name the first counts. */
export function readHeaders(bytes: Buffer): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + (bytes[at] ?? 0);
    const type = bytes[nameEnd];
    const value = type === undefined ? undefined : valueAt(bytes, nameEnd + 1, type);
    if (value === undefined || value.start + value.length > bytes.length) return undefined;
    const name = bytes.toString('utf8', at + 1, nameEnd);
    at = value.start + value.length;
    if (type === textType && !headers.has(name)) headers.set(name, bytes.toString('utf8', value.start, at));
  }
  return headers;
}

/** Names of at most 255 bytes and texts of at most 32,767, which all of ours are. */
export function encodeHeaders(headers: ReadonlyArray<readonly [name: string, text: string]>): Buffer {
  return Buffer.concat(
    headers.map(([name, text]) => {
      const value = Buffer.from(text).subarray(0, 32_767);
      const key = Buffer.from(name).subarray(0, 255);
      const head = Buffer.from([key.length, ...key, textType, value.length >> 8, value.length & 0xff]);
      return Buffer.concat([head, value]);
    }),
  );
}

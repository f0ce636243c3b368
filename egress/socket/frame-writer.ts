/** A text message of the gateway's own as one WebSocket frame. Pure. */

function head(length: number, isMasked: boolean): Buffer {
  const mark = isMasked ? 0x80 : 0;
  if (length < 126) return Buffer.from([0x81, mark | length]);
  const bytes = Buffer.alloc(length < 65_536 ? 4 : 10);
  bytes[0] = 0x81;
  bytes[1] = mark | (length < 65_536 ? 126 : 127);
  if (length < 65_536) bytes.writeUInt16BE(length, 2);
  else bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

/** `mask`: four bytes nobody can guess, of a client's frame; undefined: a server's. */
export function writeText(parts: readonly Buffer[], mask: Buffer | undefined): Buffer {
  const payload = Buffer.concat(parts);
  if (mask === undefined) return Buffer.concat([head(payload.length, false), payload]);
  for (let index = 0; index < payload.length; index += 1) {
    payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
  return Buffer.concat([head(payload.length, true), mask, payload]);
}

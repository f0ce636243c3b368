/**
 * Has a peer that is not being read reset its connection? Who stops reading is told nothing of the socket, a reset either, so the
 * kernel is asked: a write of no bytes puts nothing on the wire and fails where the peer has reset. It must never send anything.
 */
import type { Socket } from 'node:net';

const nothing = Buffer.alloc(0);

/** `carrier` is the TCP socket, below TLS. One that was reset ends with its error, as if it had been read. */
export function probeReset(carrier: Socket): void {
  // What waits to be written is told of a reset by itself.
  if (carrier.writable && carrier.writableLength === 0) carrier.write(nothing);
}

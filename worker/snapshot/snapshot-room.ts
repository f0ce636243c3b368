/** How much disk images of agents may take on one worker, pure: all together, each agent's, and never what the machine needs itself. */

const MiB = 1024 * 1024;
/** One agent has one image a revision that serves; it is as large as the memory the agent has written. */
export const mostBytesAnAgent = 1024 * MiB;
export const mostBytes = 4096 * MiB;
export const mostImages = 32;
/** What is left free on the disk they are on. */
export const keptFreeBytes = 512 * MiB;

export interface RoomAsked {
  /** Of the others. */
  readonly heldBytes: number;
  readonly heldImages: number;
  readonly freeBytes: number;
  readonly bytes: number;
}

/** Why there is no room for this one, or undefined. */
export function roomProblem({ heldBytes, heldImages, freeBytes, bytes }: RoomAsked): string | undefined {
  if (heldImages >= mostImages) return `there are ${heldImages} images already`;
  if (bytes > mostBytesAnAgent) return `it has ${bytes} bytes, of at most ${mostBytesAnAgent} for an agent`;
  if (heldBytes + bytes > mostBytes) return `all images together have at most ${mostBytes} bytes`;
  if (freeBytes - bytes < keptFreeBytes) return `the disk has ${freeBytes} bytes free, it needs ${bytes}`;
  return undefined;
}

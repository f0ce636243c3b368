/**
 * Which image goes when room is needed: the least recently used that nobody holds. Pure.
 */
import type { Digest } from '../contract/index.ts';

export interface EvictionCandidate {
  readonly digest: Digest;
  readonly lastUsedMs: number;
  readonly inUse: boolean;
}

/** Undefined: nothing may go. */
export function nextEviction(images: Iterable<EvictionCandidate>): Digest | undefined {
  let oldest: EvictionCandidate | undefined;
  for (const image of images)
    if (!image.inUse && (oldest === undefined || image.lastUsedMs < oldest.lastUsedMs)) oldest = image;
  return oldest?.digest;
}

/** Directories that an overlay mount of this mount namespace reads, from the text of /proc/self/mountinfo. */
export function mountedLowerDirectories(mountinfo: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [, list = ''] of mountinfo.matchAll(/\blowerdir\+?=([^,\n ]*)/g)) {
    const paths = list.replace(/\\(\d{3})/g, (_all, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    );
    for (const path of paths.split(':')) found.add(path);
  }
  return found;
}

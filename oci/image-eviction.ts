/**
 * Which images go when the disk quota is passed: the least recently used that nobody holds. Pure.
 */
import type { Digest } from '../contract/index.ts';

export interface EvictionCandidate {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly lastUsedMs: number;
  readonly inUse: boolean;
}

/** In the order to evict. Images in use stay even when the quota cannot be met. */
export function planEviction(images: readonly EvictionCandidate[], quotaBytes: number): readonly Digest[] {
  let bytes = images.reduce((sum, image) => sum + image.sizeBytes, 0);
  const free = images.filter((image) => !image.inUse).sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  const evicted: Digest[] = [];
  for (const image of free) {
    if (bytes <= quotaBytes) break;
    bytes -= image.sizeBytes;
    evicted.push(image.digest);
  }
  return evicted;
}

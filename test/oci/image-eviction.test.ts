import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../../contract/index.ts';
import { planEviction } from '../../oci/image-eviction.ts';

const candidate = fc.record({
  digest: fc.uuid().map((id) => id as Digest),
  sizeBytes: fc.nat(100),
  lastUsedMs: fc.nat(),
  inUse: fc.boolean(),
});

test('never an image in use, never more than needed, oldest first, and the quota holds if it can', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(candidate, { selector: (each) => each.digest }),
      fc.nat(500),
      (images, quota) => {
        const plan = planEviction(images, quota);
        const evicted = plan.map((digest) => images.find((image) => image.digest === digest));
        expect(evicted.every((image) => image?.inUse === false)).toBe(true);
        const left = images.filter((image) => !plan.includes(image.digest));
        const bytes = left.reduce((sum, image) => sum + image.sizeBytes, 0);
        if (left.some((image) => !image.inUse)) expect(bytes).toBeLessThanOrEqual(quota);
        const last = evicted.at(-1);
        if (last !== undefined) {
          expect(bytes + last.sizeBytes).toBeGreaterThan(quota);
          for (const image of left)
            if (!image.inUse) expect(image.lastUsedMs).toBeGreaterThanOrEqual(last.lastUsedMs);
        }
      },
    ),
  );
});

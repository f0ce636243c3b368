import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../../contract/index.ts';
import { mountedLowerDirectories, nextEviction } from '../../oci/image-eviction.ts';

test('the least recently used that nobody holds goes, and nothing else', () => {
  const image = fc.record({
    digest: fc.uuid().map((id) => id as Digest),
    lastUsedMs: fc.nat(100),
    inUse: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(image), (images) => {
      const idle = images.filter(({ inUse }) => !inUse);
      const chosen = nextEviction(images);
      const oldest = Math.min(...idle.map(({ lastUsedMs }) => lastUsedMs));
      const candidates = idle.filter(({ lastUsedMs }) => lastUsedMs === oldest).map(({ digest }) => digest);
      expect(candidates.length === 0 ? [undefined] : candidates).toContain(chosen);
    }),
  );
});

test.each([
  ['1 2 0:3 / /r ro - overlay clrk ro,lowerdir=/a/layer:/b/rootfs\n', ['/a/layer', '/b/rootfs']],
  ['1 2 0:3 / /r ro - overlay clrk ro,lowerdir=/with\\040space,upperdir=/u,workdir=/w\n', ['/with space']],
  ['1 2 0:3 / /r ro - overlay clrk ro,lowerdir+=/a,lowerdir+=/b\n', ['/a', '/b']],
  ['1 2 8:1 / / rw - ext4 /dev/vda rw\n', []],
])('%j reads %j', (mountinfo, expected) => {
  expect([...mountedLowerDirectories(mountinfo)]).toEqual(expected);
});

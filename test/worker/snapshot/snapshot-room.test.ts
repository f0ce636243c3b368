/** How much disk images may take. */
import { expect, test } from 'vitest';
import {
  keptFreeBytes,
  mostBytes,
  mostBytesAnAgent,
  mostImages,
  roomProblem,
} from '../../../worker/snapshot/snapshot-room.ts';

const free = 2 * mostBytes;
const fits = { heldBytes: mostBytes - mostBytesAnAgent, heldImages: mostImages - 1, freeBytes: free };

test.each([
  ['all of an agent’s share', { ...fits, bytes: mostBytesAnAgent }, undefined],
  ['more than its share', { ...fits, heldBytes: 0, bytes: mostBytesAnAgent + 1 }, 'for an agent'],
  ['more than there is for all', { ...fits, heldBytes: mostBytes, bytes: 1 }, 'all images together'],
  ['one too many', { ...fits, heldImages: mostImages, bytes: 1 }, 'images already'],
  ['what leaves enough free', { ...fits, freeBytes: keptFreeBytes + 10, bytes: 10 }, undefined],
  ['what does not', { ...fits, freeBytes: keptFreeBytes + 10, bytes: 11 }, 'the disk has'],
])('%s', (_name, asked, problem) => {
  if (problem === undefined) expect(roomProblem(asked)).toBeUndefined();
  else expect(roomProblem(asked)).toContain(problem);
});

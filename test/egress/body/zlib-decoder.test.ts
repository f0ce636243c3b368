/** What a decoder hands over is handled inside the boundary of its call: zlib calls from the event loop, where nobody else would catch. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Boundary } from '../../../egress/boundary.ts';
import { createZlibDecoders } from '../../../egress/body/index.ts';

const fail = (): void => {
  throw new Error('a defect');
};

test.each([
  ['data', { data: fail, end: () => undefined, failed: () => undefined }, gzipSync('hi')],
  ['the end', { data: () => undefined, end: fail, failed: () => undefined }, gzipSync('hi')],
  ['a failure', { data: () => undefined, end: () => undefined, failed: fail }, Buffer.from('no gzip')],
])('S29: a handler that throws at %s ends its call alone', async (_name, listener, bytes) => {
  const broken = new Promise((resolve) => {
    const boundary = new Boundary(() => undefined, resolve);
    const decoder = createZlibDecoders(boundary).open('gzip', { ...listener, drained: () => undefined });
    decoder.write(bytes);
    decoder.end();
  });
  expect(await broken).toMatchObject({ message: 'a defect' });
});

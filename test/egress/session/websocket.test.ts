import { expect, test } from 'vitest';
import { FrameInspector } from '../../../egress/session/websocket.ts';

const masked = (first: number, payload: number): Buffer =>
  Buffer.concat([Buffer.from([first, 0x80 | payload, 1, 2, 3, 4]), Buffer.alloc(payload)]);

test('frames are followed however they are split', () => {
  const whole = Buffer.concat([
    masked(0x81, 5),
    Buffer.concat([Buffer.from([0x82, 0xfe, 1, 0, 9, 9, 9, 9]), Buffer.alloc(256)]),
    masked(0x89, 0),
    masked(0x01, 3),
    masked(0x00, 1),
    masked(0x89, 2),
    masked(0x80, 2),
    masked(0x82, 1),
  ]);
  for (let cut = 0; cut <= whole.length; cut += 7) {
    const inspector = new FrameInspector('agent');
    expect(inspector.push(whole.subarray(0, cut))).toBeUndefined();
    expect(inspector.push(whole.subarray(cut))).toBeUndefined();
    expect(inspector.frames).toBe(8);
  }
});

test.each([
  ['S32: compressed frames nobody agreed to', 'agent', [0xc1, 0x80]],
  ['S32: an unknown opcode', 'agent', [0x83, 0x80]],
  ['S32: an agent that does not mask', 'agent', [0x81, 0x05]],
  ['S32: an upstream that masks', 'upstream', [0x81, 0x85]],
  ['S32: a fragmented control frame', 'agent', [0x09, 0x80]],
  ['S32: a control frame too long', 'agent', [0x89, 0xfe]],
  ['S32: a continuation of no message', 'agent', [0x80, 0x80]],
  ['S32: a message within a message', 'upstream', [0x01, 0x00, 0x81, 0x00]],
  ['S32: a continuation of a message that was over', 'upstream', [0x01, 0x00, 0x80, 0x00, 0x80, 0x00]],
  [
    'S32: a frame of 2^63 bytes',
    'agent',
    [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
  ],
] as const)('%s ends the connection', (_name, side, bytes) => {
  expect(new FrameInspector(side).push(Buffer.from(bytes))).toBeTypeOf('string');
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';

const program = fileURLToPath(new URL('connector-program.ts', import.meta.url));

interface Seen {
  readonly cap: { readonly joined: number; readonly refused: number; readonly reasons: string[] };
  readonly freed: boolean;
  readonly kept: number;
  readonly moved: boolean;
  readonly detached: boolean;
  readonly reasons: string[];
  readonly reset: boolean;
  readonly runs: {
    readonly ended: boolean;
    readonly between: { readonly joined: number; readonly reasons: string[] };
    readonly after: { readonly joined: number; readonly of: number };
    readonly short: { readonly isReset: boolean; readonly frames: number };
    readonly waited: { readonly isReset: boolean; readonly reasons: string[] };
  };
}
let seen: Seen;

beforeAll(async () => {
  const listening = createServer();
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { fd } = (listening as unknown as { _handle: { fd: number } })._handle;
  const { port } = listening.address() as AddressInfo;
  const child = spawn(process.execPath, ['--import', 'tsx', program, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
  });
  // From here on it is the child's alone.
  listening.close();
  if (child.stdout === null) throw new Error('no output');
  seen = JSON.parse(await text(child.stdout)) as Seen;
}, 60_000);

test('S54: a sandbox has 256 connections, the next is refused with its reason, and a place becomes free again', () => {
  expect(seen.cap).toEqual({ joined: 256, refused: 4, reasons: ['limit'] });
  expect(seen.freed).toBe(true);
});

test('a new policy that opens the same through the same gateway ends nothing', () => {
  expect(seen.kept).toBe(255);
});

test('S36: connections end at both ends when their gateway is no longer the one to ask, or is gone', () => {
  expect(seen.moved).toBe(true);
  expect(seen.detached).toBe(true);
  expect(seen.reasons).toEqual(['no_gateway']);
});

test('an agent that its gateway does not read, and that resets, is noticed', () => {
  expect(seen.reset).toBe(true);
});

test('the end of a run ends its connections; those made before the next are held, bounded, and leave under that one', () => {
  expect(seen.runs).toMatchObject({
    ended: true,
    between: { joined: 0, reasons: ['limit', 'limit'] },
    after: { joined: 64, of: 64 },
  });
});

test('nothing is opened for a run that has ended, though a connection waited for it', () => {
  expect(seen.runs.short).toEqual({ isReset: true, frames: 0 });
});

test('S54: a connection waits for a run only so long, and is then refused', () => {
  expect(seen.runs.waited).toEqual({ isReset: true, reasons: ['limit'] });
});

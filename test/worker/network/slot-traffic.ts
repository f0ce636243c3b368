/** Traffic of slots without sandboxes: what a process in the slot's namespace sends is what a sandbox would send. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { deleteNamespace, type RouterNamespace } from '../../../worker/network/router-namespace.ts';
import type { SlotAddress } from '../../../worker/network/slot-address.ts';

/** Runs JavaScript in the slot's namespace to its end; what it printed. */
export async function runInSlot(slot: SlotAddress, program: string): Promise<string> {
  const child = spawn(
    'nsenter',
    [`--net=/run/netns/${slot.namespace}`, '--', process.execPath, '-e', program],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output;
}

/** One datagram to each of so many destinations. */
export async function sendDatagrams(slot: SlotAddress, count: number): Promise<void> {
  const sent = await runInSlot(
    slot,
    `const s = require('dgram').createSocket('udp4'); let done = 0;
     s.bind(0, '${slot.sandboxIp}', () => { const next = (n) => n === ${count} ? s.close(() => console.log(done))
       : s.send('x', 443, '93.' + (n >> 16 & 255) + '.' + (n >> 8 & 255) + '.' + (n & 255), () => { done += 1; next(n + 1); }); next(0); });`,
  );
  if (Number(sent) !== count) throw new Error(`sent ${sent} of ${count}`);
}

export async function closeRouter(router: RouterNamespace): Promise<void> {
  for (const { fd } of [router.tcp, router.metadata, router.dns]) closeSync(fd);
  await deleteNamespace(router.name);
}

/**
 * The `ip` batches that make, renew and delete slots. Apart from the pool so that the pool is only bookkeeping.
 * Batched because one `ip` process per command costs more than the work (toolchain.md: 43-65 ms a slot).
 */
import { existsSync } from 'node:fs';
import { runCommand } from '../system/command.ts';
import { forgetRefusedTraffic } from './refused-packet.ts';
import { inNamespace, namespacePath, setSysctl } from './router-namespace.ts';
import { slotPrefixLength, slotPrefixLength6, type SlotAddress } from './slot-address.ts';

const hasIpv6 = (): boolean => existsSync('/proc/sys/net/ipv6');

/**
 * Lines that give the sandbox side its addresses and routes. Also what a used slot needs again, because runsc takes
 * the addresses away from the interface when it copies them into its own stack.
 */
function sandboxSide(slot: SlotAddress): string[] {
  const lines = [
    'link set lo up',
    `addr replace ${slot.sandboxIp}/${slotPrefixLength} dev eth0`,
    ...(hasIpv6() ? [`addr replace ${slot.sandboxIp6}/${slotPrefixLength6} dev eth0 nodad`] : []),
    'link set eth0 up',
    `route replace default via ${slot.gatewayIp}`,
    ...(hasIpv6() ? [`route replace default via ${slot.gatewayIp6}`] : []),
  ];
  return lines;
}

function routerSide(slot: SlotAddress): string[] {
  const name = slot.hostInterface;
  return [
    `link add ${name} type veth peer name eth0 netns ${slot.namespace}`,
    `addr add ${slot.gatewayIp}/${slotPrefixLength} dev ${name}`,
    ...(hasIpv6() ? [`addr add ${slot.gatewayIp6}/${slotPrefixLength6} dev ${name} nodad`] : []),
    `link set ${name} up`,
  ];
}

const batch = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

/** The slot as it was before its first use. */
export async function renewSlot(slot: SlotAddress): Promise<void> {
  await runCommand('ip', ['-n', slot.namespace, '-batch', '-'], { input: batch(sandboxSide(slot)) });
}

/**
 * The kernel takes a namespace apart after `ip` has said that it is deleted, and while something holds it not at all: the interface of
 * who had the slot before may be there still. Only then is it taken away first; looking each time would cost a process a slot.
 */
async function addRouterSides(router: string, slots: readonly SlotAddress[]): Promise<void> {
  const add = async (): Promise<unknown> =>
    await runCommand('ip', ['-n', router, '-batch', '-'], { input: batch(slots.flatMap(routerSide)) });
  try {
    await add();
  } catch {
    for (const { hostInterface } of slots) {
      await runCommand('ip', ['-n', router, 'link', 'delete', hostInterface]).catch(() => undefined);
    }
    await add();
  }
}

export async function makeSlots(router: string, slots: readonly SlotAddress[]): Promise<void> {
  await runCommand('ip', ['-batch', '-'], {
    input: batch(slots.map((slot) => `netns add ${slot.namespace}`)),
  });
  for (const slot of slots) {
    inNamespace(slot.namespace, () => {
      setSysctl('ipv6/conf/all/accept_dad', '0');
      setSysctl('ipv6/conf/default/accept_dad', '0');
      setSysctl('ipv6/conf/default/accept_ra', '0');
    });
  }
  await addRouterSides(router, slots);
  await Promise.all(slots.map(renewSlot));
  // Whoever had these indexes before may have left without its sets being read.
  await forgetRefusedTraffic(
    router,
    slots.map((slot) => slot.index),
  );
}

/** Deleting the namespace deletes both ends of its veth. */
export async function deleteSlots(slots: readonly SlotAddress[]): Promise<void> {
  const there = slots.filter((slot) => existsSync(namespacePath(slot.namespace)));
  if (there.length === 0) return;
  await runCommand('ip', ['-force', '-batch', '-'], {
    input: batch(there.map((slot) => `netns delete ${slot.namespace}`)),
  });
}

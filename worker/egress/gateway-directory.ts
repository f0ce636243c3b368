/**
 * Live gateway addresses by gateway id, from their status records in NATS KV. Round robin over those that are alive
 * and not draining. It keeps the last known ones while NATS is away (StatusView does); a dead address only costs a
 * refused dial.
 */
import type { GatewayStatus } from '../../contract/index.ts';

export type GatewayAddresses = (gatewayId: string) => readonly string[];

export class GatewayDirectory {
  readonly #live: () => readonly GatewayStatus[];
  readonly #turn = new Map<string, number>();

  constructor(live: () => readonly GatewayStatus[]) {
    this.#live = live;
  }

  /** `ip:port`, the one to try first in front. */
  addresses(gatewayId: string): readonly string[] {
    const found = this.#live()
      .filter((status) => !status.draining && `${status.namespace}/${status.gateway}` === gatewayId)
      .map((status) => status.address)
      .sort();
    if (found.length === 0) return [];
    const turn = (this.#turn.get(gatewayId) ?? 0) % found.length;
    this.#turn.set(gatewayId, turn + 1);
    return [...found.slice(turn), ...found.slice(0, turn)];
  }
}

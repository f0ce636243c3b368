/**
 * How often people are newly asked, for one agent and for one gateway: so many times at once, then once in so long. Apart because it is
 * what keeps an agent that asks and goes from filling the API server, when what is over takes no place. Sans-io.
 */
const pace = { agent: { burst: 32, everyMs: 4_000 }, gateway: { burst: 256, everyMs: 500 } } as const;

export class AskPace {
  /** When the last place that is taken is free again, by gateway, and by gateway and agent. */
  readonly #freeAt = new Map<string, number>();

  /** False: too often already. Each `true` counts. */
  take(gateway: string, agentUid: string, now: number): boolean {
    const both = [
      { id: `${gateway}/${agentUid}`, ...pace.agent },
      { id: gateway, ...pace.gateway },
    ].map((each) => ({ ...each, freeAt: Math.max(this.#freeAt.get(each.id) ?? now, now) + each.everyMs }));
    if (both.some(({ freeAt, burst, everyMs }) => freeAt - now > burst * everyMs)) return false;
    for (const { id, freeAt } of both) this.#freeAt.set(id, freeAt);
    return true;
  }

  tidy(now: number): void {
    for (const [id, freeAt] of this.#freeAt) if (freeAt <= now) this.#freeAt.delete(id);
  }
}

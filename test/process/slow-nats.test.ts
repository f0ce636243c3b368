/** S54: two tenants at one outbox while NATS takes 200 ms for each event, on a clock of the test's own. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { AgentRef, Invocation } from '../../contract/index.ts';
import { EventOutbox, type Stored } from '../../process/index.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { invocation } from '../telemetry/invocation-fixture.ts';

const lateMs = 200;

class SlowNats {
  nowMs = 0;
  readonly #waiting: Array<readonly [dueMs: number, resolve: (stored: Stored) => void]> = [];

  publish(): Promise<Stored> {
    return new Promise((resolve) => this.#waiting.push([this.nowMs + lateMs, resolve]));
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    while ((this.#waiting[0]?.[0] ?? Infinity) <= this.nowMs)
      this.#waiting.shift()?.[1]({ duplicate: false });
    await turn();
  }
}

function eventOf(agent: AgentRef, id: string, phase: Invocation['status']['phase']): Invocation {
  const made = invocation(id, { phase });
  return {
    ...made,
    metadata: { ...made.metadata, namespace: agent.namespace },
    spec: { ...made.spec, parentRef: { ...agent, kind: 'TaskAgent', uid: agent.namespace } },
  };
}

class Tenant {
  readonly #outbox: EventOutbox;
  readonly #agent: AgentRef;
  readonly #perSecond: number;
  readonly tally = { taken: 0, refused: 0 };
  #begun = 0;

  constructor(outbox: EventOutbox, namespace: string, perSecond: number) {
    this.#outbox = outbox;
    this.#agent = { kind: 'TaskAgent', namespace, name: 'hello' };
    this.#perSecond = perSecond;
  }

  callUntil(ms: number): void {
    for (; this.#begun < (ms * this.#perSecond) / 1_000; this.#begun += 1) this.#call(`call-${this.#begun}`);
  }

  #call(id: string): void {
    const room = this.#outbox.reserve(2, this.#agent);
    this.tally[room === undefined ? 'refused' : 'taken'] += 1;
    for (const phase of ['Dispatched', 'Succeeded'] as const) room?.put(eventOf(this.#agent, id, phase));
  }
}

/** How many of their calls were taken and refused. */
async function sideBySide(rates: { readonly hostile: number; readonly honest: number }, forMs: number) {
  const nats = new SlowNats();
  await using outbox = new EventOutbox({
    ...{ writer: { role: 'ingress' }, log: silentLog, capacity: 2_000 },
    publish: () => nats.publish(),
  });
  const hostile = new Tenant(outbox, 'mall', rates.hostile);
  const honest = new Tenant(outbox, 'shop', rates.honest);
  for (let ms = 0; ms < forMs; ms += 1) {
    hostile.callUntil(ms);
    honest.callUntil(ms);
    await nats.pass(1);
  }
  return { hostile: hostile.tally, honest: honest.tally };
}

test('an honest tenant’s calls are all taken, whatever a hostile one of 600 calls a second does', async () => {
  const { honest, hostile } = await sideBySide({ hostile: 600, honest: 150 }, 4_000);
  expect(honest.refused).toBe(0);
  expect(hostile.refused).toBeGreaterThan(100);
});

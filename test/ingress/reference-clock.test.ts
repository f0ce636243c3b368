/** What time it is when machines sleep, clocks are set and nobody answers. */
import { expect, test } from 'vitest';
import { ReferenceClock } from '../../ingress/reference-clock.ts';

const hour = 3_600_000;

/** A machine that has run for an hour, beside a server two hours ahead of its clock. */
class Machine {
  monotonic = hour;
  wall = 1_000 * hour;
  server: number | undefined = 1_002 * hour;
  asked = 0;
  readonly clock = new ReferenceClock({
    ask: () => {
      this.asked += 1;
      return Promise.resolve(this.server);
    },
    monotonicMs: () => this.monotonic,
    wallMs: () => this.wall,
  });

  pass(ms: number): void {
    this.monotonic += ms;
    this.wall += ms;
    if (this.server !== undefined) this.server += ms;
  }
}

test('it is the server’s time, asked for now and then', async () => {
  const machine = new Machine();
  expect(await machine.clock.now()).toBe(1_002 * hour);
  machine.pass(5_000);
  expect(await machine.clock.now()).toBe(1_002 * hour + 5_000);
  expect(machine.asked).toBe(1);
  machine.pass(30_000);
  expect(await machine.clock.now()).toBe(1_002 * hour + 35_000);
  expect(machine.asked).toBe(2);
});

test('setting the machine’s clock changes nothing', async () => {
  const machine = new Machine();
  await machine.clock.now();
  machine.wall -= 5 * hour;
  expect(await machine.clock.now()).toBe(1_002 * hour);
});

test('a machine that slept knows no time before it was told', async () => {
  const machine = new Machine();
  await machine.clock.now();
  const slept = 2 * hour;
  machine.wall += slept;
  machine.server = undefined;
  expect(await machine.clock.now()).toBeUndefined();
  machine.server = 1_004 * hour;
  expect(await machine.clock.now()).toBe(1_004 * hour);
});

test('while the server is away the time goes on', async () => {
  const machine = new Machine();
  expect(
    await new ReferenceClock({
      ask: () => Promise.resolve(undefined),
      monotonicMs: () => 0,
      wallMs: () => 0,
    }).now(),
  ).toBeUndefined();
  await machine.clock.now();
  machine.server = undefined;
  machine.pass(60_000);
  expect(await machine.clock.now()).toBe(1_002 * hour + 60_000);
});

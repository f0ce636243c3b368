/** What one namespace's schedules may take of an ingress. */
import { describe, expect, test } from 'vitest';
import { limits } from '../../ingress/limits.ts';
import type { Due } from '../../ingress/schedule-book.ts';
import { ScheduleMarks } from '../../ingress/schedule-marks.ts';
import { Scheduler } from '../../ingress/scheduler.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { MemoryMarks, scheduled } from './schedule-fixture.ts';

const noon = Date.parse('2026-11-27T12:00:00Z');

class Desk {
  now = noon - 1_000;
  readonly fired: Due[] = [];
  #ends: Array<{ readonly agent: string; readonly end: () => void }> = [];
  readonly scheduler = new Scheduler({
    clock: { now: () => Promise.resolve(this.now) },
    marks: new ScheduleMarks(new MemoryMarks(), () => 'run'),
    fire: (due) => {
      this.fired.push(due);
      return new Promise((resolve) =>
        this.#ends.push({ agent: due.agent.name, end: () => resolve({ succeeded: true }) }),
      );
    },
    log: silentLog,
  });

  /** Looks until all of it is planned. */
  async begin(count: number): Promise<void> {
    const many = Array.from({ length: count }, (_, index) => scheduled(`m${index}`, '* * * * *'));
    this.scheduler.configure([...many, scheduled('one', '* * * * *', { namespace: 'small' })]);
    // Past what was due before: the planning is what is waited for.
    for (let looks = 0; looks < count / 20; looks += 1) await this.scheduler.look();
    this.now = noon;
  }

  async look(): Promise<number> {
    const before = this.fired.length;
    await this.scheduler.look();
    await new Promise(setImmediate);
    return this.fired.length - before;
  }

  /** Those of the agents asked for. */
  endAll(which: (agent: string) => boolean = () => true): void {
    const ending = this.#ends.filter(({ agent }) => which(agent));
    this.#ends = this.#ends.filter(({ agent }) => !which(agent));
    for (const { end } of ending) end();
  }
}

const of = (namespace: string, fired: readonly Due[]): number =>
  fired.filter(({ agent }) => agent.namespace === namespace).length;

describe('schedules of one namespace', () => {
  test('begin so many in a look, and hold so many at a time; another’s is fired at once', async () => {
    const desk = new Desk();
    await desk.begin(300);
    expect(await desk.look()).toBe(limits.schedulesPerSecond / 4 + 1);
    expect(of('small', desk.fired)).toBe(1);
    for (let looks = 0; looks < 20; looks += 1) await desk.look();
    expect(of('shop', desk.fired)).toBe(limits.scheduled.namespace);
    expect(desk.scheduler.usage.running).toBe(limits.scheduled.namespace + 1);
    desk.endAll();
    await desk.look();
    expect(await desk.look()).toBe(limits.schedulesPerSecond / 4);
    desk.endAll();
  });

  test('of one agent run so many at a time, and others of its namespace go on', async () => {
    const desk = new Desk();
    await desk.begin(2);
    const fired = (name: string) => desk.fired.filter(({ agent }) => agent.name === name).length;
    for (let minute = 0; minute < 20; minute += 1) {
      await desk.look();
      desk.endAll((agent) => agent !== 'm0');
      await desk.look();
      desk.now += 60_000;
    }
    expect(fired('m0')).toBe(limits.scheduled.agent);
    expect(fired('m1')).toBe(20);
    desk.endAll();
  });

  test('are claimed no more once it is told to stop, and what runs goes on', async () => {
    const desk = new Desk();
    await desk.begin(1);
    expect(await desk.look()).toBe(2);
    await desk.scheduler.stop();
    desk.now = noon + 60_000;
    expect(await desk.look()).toBe(0);
    desk.endAll();
  });
});

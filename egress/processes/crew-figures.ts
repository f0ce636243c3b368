/**
 * /metrics of a pod with several processes: one page, in which each figure is the sum over all of them. Counters of a process that
 * died go on counting, so that no sum ever goes back; what it had counted since it last told is lost.
 */
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Figures } from './message.ts';

/** A process that does not answer is counted as it last told. */
const answerMs = 1_000;
const counting: ReadonlySet<string> = new Set(['counter', 'histogram']);

export class CrewFigures {
  readonly #last = new Map<number, Figures>();
  readonly #awaited = new Map<number, Array<() => void>>();
  #departed: Promise<Figures> = Promise.resolve([]);

  heard(life: number, figures: Figures): void {
    this.#last.set(life, figures);
    this.#answered(life);
  }

  gone(life: number): void {
    const counted = (this.#last.get(life) ?? []).filter(({ type }) => counting.has(String(type)));
    this.#last.delete(life);
    this.#departed = this.#departed.then(
      async (before) => await AggregatorRegistry.aggregate([before, counted]).getMetricsAsJSON(),
    );
    this.#answered(life);
  }

  /** `asked`: who was just asked for their figures. */
  async page(asked: readonly number[], own: Registry): Promise<string> {
    await this.#answers(asked);
    const parts = [await own.getMetricsAsJSON(), await this.#departed, ...this.#last.values()];
    return await AggregatorRegistry.aggregate(parts).metrics();
  }

  async #answers(asked: readonly number[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, answerMs)));
    const all = asked.map(
      (life) =>
        new Promise<void>((resolve) => {
          this.#awaited.set(life, [...(this.#awaited.get(life) ?? []), resolve]);
        }),
    );
    await Promise.race([Promise.all(all), late]);
    clearTimeout(timer);
  }

  #answered(life: number): void {
    for (const resolve of this.#awaited.get(life) ?? []) resolve();
    this.#awaited.delete(life);
  }
}

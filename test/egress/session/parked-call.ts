/** A call that waits for a person: time goes by for it, and what its record says. */
import type { Script } from './exchange-script.ts';

export async function tick(talk: Script, ms = 1_000): Promise<void> {
  talk.now += ms;
  talk.exchange.tick(talk.now);
  talk.tidy(false);
  await talk.settle();
}

export function recorded(talk: Script): object {
  const { names = [], values = [] } = (talk.records[0] ?? talk.refused[0])?.attributes ?? {};
  return Object.fromEntries(names.map((name, at) => [name, values[at]]));
}

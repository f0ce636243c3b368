/**
 * One of the actors of a row, in a process of its own: the real part, or the tenant that fills it. Told what to be by its
 * arguments, it says by messages where the part is, when it is full, and what became of what was tried.
 */
import { things } from './things.ts';
import type { Place, SharedThing, Tally } from './shared-thing.ts';

const [, , index = '', side = '', place = '{}'] = process.argv;
const thing = things[Number(index)];
if (thing === undefined) throw new Error(`no shared thing ${index}`);

const say = (message: object): void => void process.send?.(message);
/** Full when somebody was refused, or when there was time enough. */
const fillMs = 1_500;

async function untilTold(): Promise<void> {
  await new Promise((resolve) => process.once('message', resolve).once('disconnect', resolve));
}

async function playPart(shared: SharedThing): Promise<void> {
  const part = await shared.open();
  say({ place: part.place });
  await untilTold();
  await part[Symbol.asyncDispose]();
  // What is left open now is its connections' other ends.
  if (process.connected) process.disconnect();
}

async function playHostile(shared: SharedThing): Promise<void> {
  const stop = new AbortController();
  const tally: Tally = { letIn: 0, refused: 0 };
  void shared.fill(JSON.parse(place) as Place, tally, stop.signal).catch(() => undefined);
  const until = performance.now() + fillMs;
  while (tally.refused === 0 && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
  say({ full: true });
  await untilTold();
  stop.abort();
  say({ tally: { ...tally } });
}

await (side === 'part' ? playPart(thing) : playHostile(thing));

/**
 * Random histories of workers that are killed, stand still and drain, of a store that is away, answers late or loses its disk, of
 * agents that end and of manifests that change: never two instances, and in the end one again.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DaemonRestarts } from '../../../contract/index.ts';
import { Simulation } from './simulation.ts';

const always: DaemonRestarts = { restartPolicy: 'Always', maxRestarts: 0, maxLifetimeMs: 0 };

const kinds = [
  ...(['pass', 'pass', 'pass', 'exit', 'exit', 'kill', 'kill', 'start', 'start', 'freeze', 'drain'] as const),
  ...([
    'away',
    'back',
    'back',
    'trouble',
    'calm',
    'forget',
    'revision',
    'suspend',
    'resume',
    'unfit',
    'fit',
  ] as const),
];
const step = fc.record({
  kind: fc.constantFrom(...kinds),
  value: fc.nat(1_000),
  ms: fc.integer({ min: 1, max: 25_000 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function live(simulation: Simulation, { kind, value, ms }: Step): void {
  const worker = simulation.workers[value % simulation.workers.length];
  if (worker === undefined) return;
  const all = (): void => simulation.workers.forEach((each) => each.wantChanged());
  switch (kind) {
    case 'pass':
      break;
    case 'exit':
      for (const { worker: its } of [...simulation.live]) its.exit(value % 3);
      break;
    case 'kill':
      worker.kill();
      break;
    case 'start':
      simulation.workers.forEach((each) => each.start());
      break;
    case 'freeze':
      // What lies between giving up and taking is 10 s; to end takes half of one here.
      worker.freeze(value * 9);
      break;
    case 'drain':
      worker.draining = true;
      worker.wantChanged();
      break;
    case 'away':
    case 'back':
      simulation.natsAway = kind === 'away';
      break;
    case 'trouble':
    case 'calm':
      simulation.trouble = kind === 'calm' ? 0 : value % 80;
      break;
    case 'forget':
      simulation.forget();
      break;
    case 'revision':
      simulation.revision += 1;
      all();
      break;
    case 'suspend':
    case 'resume':
      simulation.stop = kind === 'suspend' ? 'Suspended' : undefined;
      all();
      break;
    case 'unfit':
    case 'fit':
      worker.fit = kind === 'fit';
      worker.wantChanged();
      break;
    default:
      kind satisfies never;
  }
  simulation.advance(ms);
}

function heal(simulation: Simulation): void {
  Object.assign(simulation, { natsAway: false, trouble: 0, stop: undefined });
  for (const worker of simulation.workers) {
    if (worker.draining) worker.kill();
    worker.fit = true;
    worker.start();
    worker.wantChanged();
  }
}

const history = [
  fc.integer(),
  fc.integer({ min: 1, max: 3 }),
  fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
] as const;

test('never two at once, and one again in the end', () => {
  fc.assert(
    fc.property(...history, (seed, size, steps) => {
      const simulation = new Simulation(seed, size, always);
      for (const each of steps) live(simulation, each);
      heal(simulation);
      // The longest pause after ends, and a lease that runs out.
      simulation.advance(300_000 + 60_000);
      expect(simulation.doubled).toEqual([]);
      expect([...simulation.live].map(({ run }) => run.revision)).toEqual([`r${simulation.revision}`]);
    }),
    { numRuns: 200 },
  );
}, 300_000);

test('what must never start again starts once a revision, whatever happens', () => {
  fc.assert(
    fc.property(...history, (seed, size, steps) => {
      const simulation = new Simulation(seed, size, { ...always, restartPolicy: 'Never' });
      for (const each of steps.filter(({ kind }) => kind !== 'forget')) live(simulation, each);
      expect(simulation.doubled).toEqual([]);
      const runs = new Set(simulation.starts.map(({ id }) => id));
      expect(runs.size).toBe(simulation.starts.length);
      for (const revision of new Set(simulation.starts.map((run) => run.revision))) {
        expect(simulation.starts.filter((run) => run.revision === revision)).toHaveLength(1);
      }
    }),
    { numRuns: 300 },
  );
}, 300_000);

test('every run that a dead worker left is told of', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 3 }), fc.nat(60_000), (seed, size, ms) => {
      const simulation = new Simulation(seed, size, always);
      simulation.advance(5_000 + ms);
      const [first] = simulation.live;
      first?.worker.kill();
      simulation.advance(100);
      simulation.workers.forEach((each) => each.start());
      simulation.advance(60_000);
      expect(new Set(simulation.closed)).toEqual(new Set([first?.run.id]));
      expect(simulation.live.size).toBe(1);
    }),
    { numRuns: 100 },
  );
});

/**
 * What a watcher is told of what became known. Pure, bounded memory. It is told states, not steps: of what came at once the
 * furthest, and never an earlier phase after a later one. A call that a phase selector no longer holds of is told as
 * deleted, as Kubernetes does it.
 */
import { phases as allPhases, type Phase } from '../../contract/index.ts';
import type { NewCall } from '../read/followed.ts';
import type { Selection } from './selector.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Change {
  readonly type: ChangeType;
  readonly key: NewCall;
}

type CallName = Pick<NewCall, 'agent' | 'id'>;

interface Known {
  readonly rank: number;
  /** The watcher has it. */
  readonly isTold: boolean;
}

const maxKnown = 10_000;
const nameOf = ({ agent, id }: CallName): string => `${agent}/${id}`;

/** Terminal phases exclude each other: none is further than another. */
const lastStage = allPhases.indexOf('Succeeded');
const stageOf = (phase: Phase): number => Math.min(allPhases.indexOf(phase), lastStage);

function selects({ phases }: Selection, phase: Phase): boolean {
  return phases.length === 0 || phases.includes(phase);
}

/** Of each call the furthest, in the order of their numbers. */
function furthest(batch: readonly NewCall[]): readonly NewCall[] {
  const best = new Map<string, NewCall>();
  for (const key of batch) {
    const before = best.get(nameOf(key));
    if (before === undefined || stageOf(key.phase) > stageOf(before.phase)) best.set(nameOf(key), key);
  }
  return batch.filter((key) => best.get(nameOf(key)) === key);
}

export class CallTeller {
  readonly #selection: Selection;
  readonly #startMs: number;
  readonly #known = new Map<string, Known>();

  /** `startMs`: the time of the version it watches from; the watcher may have what was made before. */
  constructor(selection: Selection, startMs: number) {
    this.#selection = selection;
    this.#startMs = startMs;
  }

  /** It was given as it is. */
  gave(name: CallName, phase: Phase): void {
    this.#remember(nameOf(name), { rank: stageOf(phase), isTold: true });
  }

  changes(batch: readonly NewCall[]): readonly Change[] {
    return furthest(batch).flatMap((key) => {
      const type = this.#judge(key);
      return type === undefined ? [] : [{ type, key }];
    });
  }

  #judge(key: NewCall): ChangeType | undefined {
    if (!this.#isInTime(key)) return undefined;
    const name = nameOf(key);
    const before = this.#known.get(name);
    const rank = stageOf(key.phase);
    if (before !== undefined && rank <= before.rank) return undefined;
    const isTold = selects(this.#selection, key.phase);
    const had = before?.isTold ?? this.#mayHave(key, rank);
    this.#remember(name, { rank, isTold });
    if (isTold) return had ? 'MODIFIED' : 'ADDED';
    return had ? 'DELETED' : undefined;
  }

  #isInTime({ createdMs }: NewCall): boolean {
    const { sinceMs = 0, untilMs = Infinity } = this.#selection;
    return Number(createdMs) >= sinceMs && Number(createdMs) < untilMs;
  }

  /** What was made before it began to watch may be in its list, if an earlier phase is one it asked for. */
  #mayHave({ createdMs }: NewCall, rank: number): boolean {
    const { phases } = this.#selection;
    const isEarlierSelected = phases.length === 0 || phases.some((phase) => stageOf(phase) < rank);
    return Number(createdMs) < this.#startMs && isEarlierSelected;
  }

  #remember(name: string, known: Known): void {
    this.#known.delete(name);
    this.#known.set(name, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= maxKnown) break;
      this.#known.delete(oldest);
    }
  }
}

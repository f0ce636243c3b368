/**
 * Answers of persons that last, as this gateway has heard them. Each is believed for seconds without being heard again, so that
 * one that was taken back is soon forgotten, and for minutes where nobody can be asked; never beyond its own end.
 */
import type { DecidedWord } from '../../contract/index.ts';
import { covers, strictest, type LastingAnswer } from '../../decision/index.ts';

interface Heard extends LastingAnswer {
  readonly word: DecidedWord;
  readonly until: number;
  readonly heardAt: number;
}

export interface AskedFor {
  readonly key: string;
  readonly agentUid: string;
  readonly invocation: string;
}

export const believedMs = { asARule: 30_000, whileNobodyAnswers: 10 * 60_000 } as const;
const maxKept = 2_000;
/** Invocations that have one of their own. */
const maxOfOne = 64;

export class LastingAnswers {
  readonly #now: () => number;
  /** By agent and key; of each scope and answer the newest. */
  readonly #heard = new Map<string, readonly Heard[]>();

  constructor(now: () => number) {
    this.#now = now;
  }

  hear(ask: AskedFor, word: DecidedWord): void {
    if (word.scope === 'Once' || word.leftMs <= 0) return;
    const at = this.#now();
    const { scope, answer } = word;
    const invocation = scope === 'Invocation' ? ask.invocation : '';
    const own = { key: ask.key, agentUid: ask.agentUid, invocation, scope, answer };
    const heard: Heard = { ...own, word, until: at + word.leftMs, heardAt: at };
    const others = this.#of(ask).filter(
      (each) => each.invocation !== invocation || each.answer !== answer || each.scope !== scope,
    );
    this.#heard.delete(idOf(ask));
    this.#heard.set(idOf(ask), [...others, heard].slice(-maxOfOne));
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > maxKept && oldest !== undefined) this.#heard.delete(oldest);
  }

  /** Somebody was asked, and knows of no answer that covers this. */
  forget(ask: AskedFor): void {
    const left = this.#of(ask).filter((each) => !covers(each, ask));
    if (left.length === 0) this.#heard.delete(idOf(ask));
    else this.#heard.set(idOf(ask), left);
  }

  /** `isAlone`: nobody can be asked now. */
  find(ask: AskedFor, isAlone = false): DecidedWord | undefined {
    const believed = isAlone ? believedMs.whileNobodyAnswers : believedMs.asARule;
    const now = this.#now();
    const found = this.#of(ask).filter(
      (each) => covers(each, ask) && now < each.until && now - each.heardAt < believed,
    );
    return strictest(found)?.word;
  }

  #of(ask: AskedFor): readonly Heard[] {
    return this.#heard.get(idOf(ask)) ?? [];
  }

  /** Forgets what is over. */
  tidy(): void {
    const now = this.#now();
    for (const [id, all] of this.#heard) {
      const isOver = ({ until, heardAt }: Heard): boolean =>
        now >= until || now - heardAt >= believedMs.whileNobodyAnswers;
      if (all.every(isOver)) this.#heard.delete(id);
    }
  }
}

function idOf({ agentUid, key }: AskedFor): string {
  return `${agentUid} ${key}`;
}

/** The door as a process that serves sees it: it asks the desk of its pod, and takes no answer for its own. */
import type { Claim, Door, Entry } from '../session/door.ts';
import type { FromMember } from './message.ts';

type Done = Parameters<Door['enter']>[1];

export class DeskDoor implements Door {
  readonly #tell: (message: FromMember) => void;
  readonly #asked = new Map<number, Done>();
  #last = 0;

  constructor(tell: (message: FromMember) => void) {
    this.#tell = tell;
  }

  enter({ pool, nonce, issuedAt, agentKind, namespace, name }: Claim, done: Done): void {
    const id = (this.#last += 1);
    this.#asked.set(id, done);
    this.#tell({ kind: 'enter', id, claim: { pool, nonce, issuedAt, agentKind, namespace, name } });
  }

  /** What the desk said. */
  answered(id: number, entry: Entry): void {
    const done = this.#asked.get(id);
    this.#asked.delete(id);
    let isIn = entry.kind === 'entered';
    done?.(entry, () => {
      if (isIn) this.#tell({ kind: 'leave', id });
      isIn = false;
    });
  }
}

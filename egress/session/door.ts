/**
 * Whether a connection may come in: its frame was not seen before, and its agent has room for one more. Apart from the core
 * because several processes of one pod have one door between them (egress/processes). It must never say yes twice to one frame.
 */
import { agentId, EqualShares, type IdentityFrame } from '../../contract/index.ts';
import { FrameGuard } from './frame-guard.ts';

/** One agent cannot use up the process (S30, S54); a Node SDK opens tens of connections at most. */
export const maxPerAgent = 512;

/** What of a frame says whether it is new, and whose place it takes. */
export type Claim = Pick<IdentityFrame, 'pool' | 'nonce' | 'issuedAt' | 'agentKind' | 'namespace' | 'name'>;

export type Entry =
  | { readonly kind: 'entered' }
  /** No more is to be done for it. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The frame is good; its agent has as many connections as one may have. */
  | { readonly kind: 'full' };

export interface Door {
  /** Calls `done` once, at once where it can; not at all when the process is about to end. */
  enter(claim: Claim, done: (entry: Entry, leave: () => void) => void): void;
}

function nothing(): void {}

export class OwnDoor implements Door {
  readonly #frames = new FrameGuard();
  readonly #places = new EqualShares(maxPerAgent);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  enter(claim: Claim, done: (entry: Entry, leave: () => void) => void): void {
    const refusal = this.#frames.refuse(claim, this.#now());
    if (refusal !== undefined) return done({ kind: 'refused', reason: refusal }, nothing);
    const { agentKind: kind, namespace, name } = claim;
    const agent = agentId({ kind, namespace, name });
    if (!this.#places.take(agent)) return done({ kind: 'full' }, nothing);
    let isIn = true;
    done({ kind: 'entered' }, () => {
      if (isIn) this.#places.give(agent);
      isIn = false;
    });
  }
}

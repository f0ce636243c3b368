/**
 * The ledger in NATS: each change is a compare-and-set of one key, and a change that was not answered is looked up by its id before
 * it is tried again, so that none is made twice. When in doubt tokens stay taken: a budget may lose some, never exceed.
 */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from 'nats';
import {
  keptWrites,
  ledgerEntrySchema,
  ledgerKey,
  ledgerReadSubject,
  ledgerSubject,
  markOf,
  maxMarks,
  type LedgerEntry,
  type LedgerKey,
} from '../../contract/index.ts';
import { Value } from 'typebox/value';
import { readEntry, writeEntry } from '../../process/index.ts';
import { reachedThresholds } from '../../decision/index.ts';
import type { Lease, LeaseRequest, Ledger, Watched } from './ledger.ts';

interface Read {
  readonly entry: LedgerEntry | undefined;
  /** 0: there is none. */
  readonly sequence: number;
}

interface Count {
  readonly taken: number;
  readonly warned: readonly string[];
}

/** What to write. */
type Change = (before: Count) => Count;

type Changed =
  /** `before`: what was taken. */
  | { readonly kind: 'changed' | 'left'; readonly before: number; readonly after: Count }
  | { readonly kind: 'unavailable' }
  /** It may have been written. */
  | { readonly kind: 'unknown' };

/** Others write between a read and its write: with eight gateways one of eight wins each time. */
const maxTries = 40;

export class NatsLedger implements Ledger {
  readonly #namespace: string;
  readonly #connection: () => NatsConnection | undefined;

  /** `namespace`: of the gateway. `connection`: undefined while there is none. */
  constructor(namespace: string, connection: () => NatsConnection | undefined) {
    this.#namespace = namespace;
    this.#connection = connection;
  }

  async lease(key: LedgerKey, { cap, least, most }: LeaseRequest, watched?: Watched): Promise<Lease> {
    const changed = await this.#change(key, ({ taken, warned }) => {
      const left = cap - taken;
      const refused = left < least;
      const noted = note(warned, watched, { taken, refused });
      return { taken: refused ? taken : taken + Math.min(left, most), warned: noted };
    });
    switch (changed.kind) {
      case 'changed':
      case 'left': {
        const { before, after } = changed;
        const { taken, warned } = after;
        const noted = warned.length === 0 ? {} : { warned };
        return taken === before
          ? { kind: 'spent', left: Math.max(0, cap - before), ...noted }
          : { kind: 'leased', tokens: taken - before, taken, ...noted };
      }
      case 'unavailable':
      case 'unknown':
        return { kind: 'unavailable' };
    }
  }

  async adjust(key: LedgerKey, tokens: number, watched?: Watched): Promise<readonly string[] | false> {
    const changed = await this.#change(key, ({ taken: before, warned }) => {
      const taken = Math.max(0, before + tokens);
      return { taken, warned: note(warned, watched, { taken, refused: false }) };
    });
    // What may have been given back is not given back again; what may have been charged is not charged again.
    if (changed.kind === 'unavailable') return false;
    return changed.kind === 'unknown' ? [] : changed.after.warned;
  }

  async #change(key: LedgerKey, change: Change): Promise<Changed> {
    const name = randomUUID().slice(0, 8);
    // Writes nobody answered: each may stand, or arrive late and find what it expects.
    const unanswered = new Map<string, Read>();
    for (let tries = 0; tries < maxTries; tries += 1) {
      const read = await this.#read(key);
      if (read === undefined) break;
      const made = findWrite(read, unanswered);
      if (made !== undefined) return made === 'unknown' ? { kind: 'unknown' } : changedFrom(made, change);
      const changed = changedFrom(read, change);
      if (changed.kind === 'left') return changed;
      const id = `${name}-${tries}`;
      const outcome = await this.#write(key, read, { ...changed.after, id });
      if (outcome === 'written') return changed;
      if (outcome === 'unknown') unanswered.set(id, read);
    }
    return { kind: unanswered.size === 0 ? 'unavailable' : 'unknown' };
  }

  /** undefined: it cannot be read now. */
  async #read(key: LedgerKey): Promise<Read | undefined> {
    const subject = ledgerReadSubject(ledgerKey(this.#namespace, key));
    const read = await readEntry(this.#connection(), subject);
    if (read?.text === undefined) return read === undefined ? undefined : { entry: undefined, sequence: 0 };
    try {
      return { entry: Value.Parse(ledgerEntrySchema, JSON.parse(read.text)), sequence: read.sequence };
    } catch {
      return undefined;
    }
  }

  async #write(
    key: LedgerKey,
    { entry, sequence }: Read,
    { taken, warned, id }: Count & { readonly id: string },
  ): Promise<'written' | 'lost' | 'unknown'> {
    const next: LedgerEntry = {
      version: 1,
      taken,
      writes: (entry?.writes ?? 0) + 1,
      ids: [...(entry?.ids ?? []), id].slice(-keptWrites),
      ...(warned.length === 0 ? {} : { warned: [...warned] }),
    };
    const ttl = key.ttlMs === undefined ? {} : { ttlSeconds: Math.ceil(key.ttlMs / 1_000) };
    const subject = ledgerSubject(ledgerKey(this.#namespace, key));
    const text = JSON.stringify(next);
    return (await writeEntry(this.#connection(), subject, { text, sequence, ...ttl })).kind;
  }
}

function changedFrom(
  { entry }: Read,
  change: Change,
): Extract<Changed, { readonly kind: 'changed' | 'left' }> {
  const { taken: before = 0, warned = [] } = entry ?? {};
  const after = change({ taken: before, warned });
  const stays = after.taken === before && after.warned === warned;
  return { kind: stays ? 'left' : 'changed', before, after };
}

/** With the thresholds that are passed now; the same list where all of them are noted. */
function note(
  warned: readonly string[],
  watched: Watched | undefined,
  { taken, refused }: { readonly taken: number; readonly refused: boolean },
): readonly string[] {
  if (watched === undefined) return warned;
  const { warnAt, cap, unused } = watched;
  const reached = reachedThresholds(warnAt, { used: taken - unused, cap, refused });
  const fresh = reached.map((percent) => markOf(percent, cap)).filter((mark) => !warned.includes(mark));
  return fresh.length === 0 ? warned : [...warned, ...fresh].slice(-maxMarks);
}

/** The state on which one of these writes was made; undefined: none stands. `unknown`: too much was written since. */
function findWrite(now: Read, unanswered: ReadonlyMap<string, Read>): Read | 'unknown' | undefined {
  const { ids = [], writes = 0 } = now.entry ?? {};
  for (const [id, read] of unanswered) if (ids.includes(id)) return read;
  const isForgotten = ({ entry }: Read): boolean => {
    const since = writes - (entry?.writes ?? 0);
    return since < 0 || since > keptWrites;
  };
  return [...unanswered.values()].some(isForgotten) ? 'unknown' : undefined;
}

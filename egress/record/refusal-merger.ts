/**
 * Records of refusals, at most a few a second for each agent: what comes faster is counted and told by one record of its
 * kind. Sans-io. A refusal costs the agent nothing, so a flood of them must not push out what others did; and it is not
 * lost either: the counts of all records add up to the refusals there were.
 */
import { attribute } from '../../contract/index.ts';
import { AttributeList } from './attribute-list.ts';
import { createSimpleRecord, listAttributes, type SpanRecord } from './span-record.ts';

/** Told one by one, at once, and after that in each second. */
const burst = 20;
const perSecond = 5;
/** Kinds that one agent's waiting refusals are told apart by; further ones are counted with the last. */
const maxKinds = 16;
/** Agents are made by the platform, not by themselves; beyond so many at once they share one entry. */
const maxAgents = 4_096;

interface Waiting {
  /** The first of its kind, without what it captured. */
  readonly record: SpanRecord;
  count: number;
}

interface Account {
  tokens: number;
  /** Unix milliseconds of the last refill. */
  at: number;
  readonly waiting: Map<string, Waiting>;
}

/** The record of many like this one. */
function countedRecord({ record, count }: Waiting): SpanRecord {
  if (count === 1 || countOf(record) === count) return record;
  const attributes = new AttributeList();
  const { names, values } = record.attributes;
  for (const [index, name] of names.entries()) {
    if (name !== attribute.recordCount) attributes.put(name, values[index]);
  }
  attributes.put(attribute.recordCount, count);
  return createSimpleRecord({ ...record, attributes });
}

export class RefusalMerger {
  readonly #accounts = new Map<string, Account>();
  #merged = 0;

  /** Refusals that have no record of their own so far, and none will be. */
  get merged(): number {
    return this.#merged;
  }

  get isEmpty(): boolean {
    for (const { waiting } of this.#accounts.values()) if (waiting.size > 0) return false;
    return true;
  }

  /** The record to send now, if any: this one, or that of all of a kind that waited. */
  offer(record: SpanRecord): SpanRecord | undefined {
    const account = this.#accountOf(record.agentId, record.end);
    refill(account, record.end);
    if (account.waiting.size === 0 && account.tokens >= 1) {
      account.tokens -= 1;
      return record;
    }
    this.#wait(account, record, 1);
    return this.#next(account, record.end);
  }

  /** A record of `offer` or `due` that there was no room for: its count waits for the next one. */
  putBack(record: SpanRecord): void {
    const account = this.#accountOf(record.agentId, record.end);
    account.tokens = Math.min(burst, account.tokens + 1);
    this.#wait(account, record, countOf(record));
  }

  /** What waited long enough, as records; call it now and then. `all`: nothing may wait any longer. */
  due(now: number, all = false): SpanRecord[] {
    const records: SpanRecord[] = [];
    for (const [agentId, account] of this.#accounts) {
      for (
        let next = this.#next(account, now, all);
        next !== undefined;
        next = this.#next(account, now, all)
      ) {
        records.push(next);
      }
      if (account.waiting.size === 0 && account.tokens >= burst) this.#accounts.delete(agentId);
    }
    return records;
  }

  #accountOf(agentId: string, now: number): Account {
    const key = this.#accounts.has(agentId) || this.#accounts.size < maxAgents ? agentId : '';
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = { tokens: burst, at: now, waiting: new Map() };
      this.#accounts.set(key, account);
    }
    return account;
  }

  #wait({ waiting }: Account, record: SpanRecord, count: number): void {
    // What a sink is told is about its own calls alone.
    const kind = JSON.stringify([record.sinks ?? [], record.name, record.errorMessage ?? '']);
    const last = waiting.size >= maxKinds ? [...waiting.keys()].at(-1) : undefined;
    const known = waiting.get(kind) ?? (last === undefined ? undefined : waiting.get(last));
    if (known === undefined) {
      waiting.set(kind, {
        record: createSimpleRecord({ ...record, attributes: listAttributes(record) }),
        count,
      });
      return;
    }
    this.#merged += count;
    known.count += count;
  }

  #next(account: Account, now: number, all = false): SpanRecord | undefined {
    refill(account, now);
    const [first] = account.waiting;
    if (first === undefined || (account.tokens < 1 && !all)) return undefined;
    account.tokens = Math.max(0, account.tokens - 1);
    const [kind, waiting] = first;
    account.waiting.delete(kind);
    return countedRecord(waiting);
  }
}

function refill(account: Account, now: number): void {
  const passed = Math.max(0, now - account.at);
  account.tokens = Math.min(burst, account.tokens + (passed / 1_000) * perSecond);
  account.at += passed;
}

/** How many refusals a record stands for. */
export function countOf(record: SpanRecord): number {
  const { names, values } = record.attributes;
  const count = values[names.indexOf(attribute.recordCount)];
  return typeof count === 'number' ? count : 1;
}

/** Agents with schedules, and marks in memory as NATS keeps them: a key changes by compare-and-set alone. */
import type { IngressAgent } from '../../contract/index.ts';
import type { MarkStore } from '../../ingress/schedule-marks.ts';
import type { KeyedEntry, KeyedWrite } from '../../process/index.ts';
import { agent } from './ingress-bed.ts';

export function scheduled(name: string, schedule: string, more: Partial<IngressAgent> = {}): IngressAgent {
  return { ...agent, name, uid: `uid-${name}`, schedule, createdAt: 0, ...more };
}

export class MemoryMarks implements MarkStore {
  readonly texts = new Map<string, { readonly text: string; readonly sequence: number }>();
  /** The next write is made and not answered, or neither. */
  next: 'answered' | 'made' | 'nothing' = 'answered';
  away = false;
  #sequence = 0;

  read(key: string): Promise<KeyedEntry | undefined> {
    return Promise.resolve(this.away ? undefined : (this.texts.get(key) ?? { sequence: 0 }));
  }

  write(key: string, text: string, sequence: number): Promise<KeyedWrite> {
    const how = this.next;
    this.next = 'answered';
    if (how === 'nothing' || this.away) return Promise.resolve({ kind: 'unknown' });
    if ((this.texts.get(key)?.sequence ?? 0) !== sequence) return Promise.resolve({ kind: 'lost' });
    this.#sequence += 1;
    this.texts.set(key, { text, sequence: this.#sequence });
    return Promise.resolve(
      how === 'made' ? { kind: 'unknown' } : { kind: 'written', sequence: this.#sequence },
    );
  }
}

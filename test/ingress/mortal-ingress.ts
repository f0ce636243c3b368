/**
 * An ingress in a process of its own, for tests that kill it: its parent says by messages what it is to know and what time it is. Told
 * to, it dies by SIGKILL in the middle of its next claim, before the mark is written. All else it does is the ingress's own.
 */
import { trace } from '@opentelemetry/api';
import type { IngressConfig, WorkerStatus } from '../../contract/index.ts';
import { openIngress } from '../../ingress/ingress.ts';
import { natsMarks } from '../../ingress/nats-marks.ts';
import type { MarkStore } from '../../ingress/schedule-marks.ts';
import { connectNats, type NatsAccess } from '../../process/index.ts';
import { silentLog } from '../telemetry/embedded.ts';

/** What the parent says. */
export type Order =
  | {
      readonly kind: 'open';
      readonly access: NatsAccess;
      readonly config: IngressConfig;
      readonly workers: readonly WorkerStatus[];
    }
  /** Unix milliseconds. */
  | { readonly kind: 'time'; readonly now: number }
  | { readonly kind: 'die in your next claim' };

/** What it says: it is open, or has won a time. */
export type Told = { readonly kind: 'open' } | { readonly kind: 'won' };

let now = 0;
let isDoomed = false;

const tell = (told: Told): void => void process.send?.(told);
/** It stands until the parent says another: no minute passes by itself, however slow the machine is. */
const clockMs = (): number => now;

function watched(store: MarkStore): MarkStore {
  return {
    read: (key) => store.read(key),
    write: async (key, text, sequence) => {
      if (isDoomed) process.kill(process.pid, 'SIGKILL');
      const written = await store.write(key, text, sequence);
      // How a run ended is written too, of a time that was won before.
      if (written.kind === 'written' && !text.includes('"result"')) tell({ kind: 'won' });
      return written;
    },
  };
}

async function open({ access, config, workers }: Order & { kind: 'open' }): Promise<void> {
  const connection = await connectNats(access, { name: `ingress ${process.pid}`, log: silentLog });
  const ingress = await openIngress({
    ...{ host: '127.0.0.1', port: 0, log: silentLog, tracer: () => trace.getTracer('test') },
    publish: (subject, payload, msgID) => connection.jetstream().publish(subject, payload, { msgID }),
    liveWorkers: () => workers,
    schedules: {
      store: watched(natsMarks(() => connection)),
      timeMs: () => Promise.resolve(clockMs()),
      wallMs: clockMs,
    },
  });
  ingress.configure(config);
  tell({ kind: 'open' });
}

process.on('message', (order: Order) => {
  switch (order.kind) {
    case 'open':
      return void open(order);
    case 'time':
      ({ now } = order);
      return;
    case 'die in your next claim':
      isDoomed = true;
  }
});
// Nobody is left to kill it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

/** All rows of the table, in its order; and what has none. */
import { gatewayThings } from './gateway/things.ts';
import { ingressThings } from './ingress/things.ts';
import { telemetryThings } from './telemetry/things.ts';
import { workerThings } from './worker/things.ts';
import type { SharedThing } from './shared-thing.ts';

export const things: readonly SharedThing[] = [
  ...gatewayThings,
  ...ingressThings,
  ...telemetryThings,
  ...workerThings,
];

export const notMeasured: readonly string[] = [
  'gateway: budget ledger (a stream a namespace, an account share an agent: test/egress/budget/nats-ledger.test.ts, budgets.test.ts)',
  'telemetry: watches (places a user: test/telemetry/aggregated/watch.test.ts)',
  'worker: the sandboxes’ own disks (each is a quota of its own: test/worker/sandbox), memory (a limit of its own each)',
  'operator: objects (one object, one condition: test/operator)',
];

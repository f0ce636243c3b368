/**
 * The answers by which a worker says that it did not take a call: nothing ran and no event was published, so another
 * worker may be asked. Pure. Everything else a worker answers is the invocation's own answer and is passed on; a
 * code that is not in this table must never lead to a second run.
 */

/** Code to: may another worker be asked? At an agent's own limit no other worker can help. */
const refusals: Readonly<Record<string, { readonly status: number; readonly another: boolean }>> = {
  WORKER_DRAINING: { status: 503, another: true },
  CONFIG_NOT_LOADED: { status: 503, another: true },
  AGENT_NOT_FOUND: { status: 404, another: true },
  NO_READY_REVISION: { status: 503, another: true },
  IMAGE_NOT_READY: { status: 503, another: true },
  EGRESS_NOT_READY: { status: 503, another: false },
  RECORDS_UNAVAILABLE: { status: 503, another: true },
  AT_CAPACITY: { status: 429, another: true },
  AT_MAX_CONCURRENT: { status: 429, another: false },
  BAD_REQUEST: { status: 400, another: false },
};

export interface WorkerRefusal {
  readonly code: string;
  readonly another: boolean;
}

export function parseRefusal(status: number, code: string | undefined): WorkerRefusal | undefined {
  if (code === undefined || !Object.hasOwn(refusals, code)) return undefined;
  const refusal = refusals[code];
  return refusal?.status === status ? { code, another: refusal.another } : undefined;
}

/** A worker's word that it did not take a call. */
export function isWorkerRefusal(code: string): boolean {
  return Object.hasOwn(refusals, code);
}

/** AT_CAPACITY → AtCapacity, as reasons are written in records. */
export function reasonOf(code: string): string {
  return code
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

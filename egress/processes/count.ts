/** How many processes serve in a gateway's pod. Pure. */
import { ClrkError, environment as variable } from '../../contract/index.ts';

/** `wanted`: the knob; unset means 1. A process without a processor of its own serves nobody faster, so there are no more than these. */
export function countProcesses(wanted: string | undefined, processors: number): number {
  if (wanted === undefined || wanted === '') return 1;
  const count = /^[1-9]\d{0,3}$/.test(wanted) ? Number(wanted) : undefined;
  if (count === undefined) {
    throw new ClrkError('ENVIRONMENT_INVALID', `${variable.gatewayProcesses} is not a number of processes`, {
      hint: 'The operator sets it from limits.cpu of the gateway; by hand: a whole number of at least 1.',
    });
  }
  return Math.max(1, Math.min(count, processors));
}

/** MiB of heap for each of them, out of what one alone would have taken; a pod's memory is for all of them. */
export function heapOfProcess(heapLimitBytes: number, processes: number): number {
  return Math.max(64, Math.floor(heapLimitBytes / 1024 / 1024 / processes));
}

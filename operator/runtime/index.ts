/** The one door of `operator/runtime/`: watch, cache, queue, lease. It knows nothing of CLRK's kinds. */
export * from './api-client.ts';
export * from './applier.ts';
export * from './backoff.ts';
export * from './cache.ts';
export * from './condition.ts';
export * from './controller.ts';
export * from './event-recorder.ts';
export * from './leader-election.ts';
export * from './leader-elector.ts';
export * from './manager.ts';
export * from './metrics.ts';
export * from './object.ts';
export * from './reflector.ts';
export * from './resource.ts';
export * from './watch-machine.ts';
export * from './work-queue.ts';
export * from './world.ts';

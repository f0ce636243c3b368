/** The one door of `process/`: what every role process shares. */
export * from './call-answer.ts';
export * from './clock.ts';
export * from './config-watch.ts';
export * from './environment.ts';
export * from './health-server.ts';
export * from './kube-config.ts';
export * from './log.ts';
export * from './nats.ts';
export * from './nats-link.ts';
export * from './platform-link.ts';
export * from './status-bucket.ts';
export * from './status-channel.ts';
export * from './status-publisher.ts';
export * from './status-view.ts';
export * from './telemetry.ts';
export * from './termination.ts';

/** The one door of `operator/compile/`: CRs to contract documents, pure. */
export * from './attachment.ts';
export * from './credential.ts';
export * from './destination.ts';
export * from './env-value.ts';
export * from './gateway-ca.ts';
export * from './gateway-config.ts';
export * from './ingress-config.ts';
export * from './manifest-set.ts';
export * from './membership.ts';
export * from './name.ts';
export * from './order.ts';
export * from './pool-config.ts';
export * from './provider-route.ts';
export * from './registry.ts';
export * from './secret-value.ts';
export * from './selector.ts';
export * from './settings.ts';

/** The kinds of CLRK: their types, their schemas and how they become CustomResourceDefinitions. Imports nothing of ours. */
export * from './group.ts';
export { kinds } from './kinds.ts';
export { customResourceDefinition } from './crd.ts';
export { maxScheduleInputBytes } from './schedule-input.ts';
export { maxRunningPolicies } from './running-policy.ts';
export { faultOfGatewayResources, gatewayProcesses, gatewayResources } from './gateway-resources.ts';
export { parseDuration, parseQuantity } from './quantity.ts';
export type {
  Column,
  Condition,
  KindDefinition,
  NameRule,
  ObjectMeta,
  OwnerReference,
  Resource,
} from './resource.ts';
export type * from './worker-pool.ts';
export type * from './task-agent.ts';
export type * from './agent-sandbox-revision.ts';
export type * from './egress-gateway.ts';
export type * from './egress-l4-route.ts';
export type * from './egress-http-route.ts';
export type * from './ai-provider-route.ts';
export type * from './approval.ts';
export type * from './backend.ts';
export type * from './credential-injection-policy.ts';
export type * from './daemon-agent.ts';
export type * from './mcp-route.ts';
export type * from './fallback-routing-policy.ts';
export type * from './rate-limit-policy.ts';
export type * from './logging-policy.ts';
export type * from './egress-deny-policy.ts';
export type * from './clrk-config.ts';

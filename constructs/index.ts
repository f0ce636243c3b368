/** The one door of @clrk/constructs. */
export { AIProviderRoute, type AIProviderMatch, type AIProviderRouteProps } from './ai-provider-route.ts';
export type { AIProviderRule, Provider, WeightedBackend } from './ai-provider-route.ts';
export { Backend, type BackendProps, type IBackend, type ModelRewrite } from './backend.ts';
export {
  CredentialInjectionPolicy,
  type CredentialInjectionPolicyProps,
  type ICredentialTarget,
} from './credential-injection-policy.ts';
export { Credential, type AwsCredentialProps, type SecretValue } from './credential.ts';
export type { INamed, ResourceProps } from './custom-resource.ts';
export { EgressGateway, type EgressGatewayProps, type OtlpExport } from './egress-gateway.ts';
export type { AllowOptions, AllowProviderOptions, EgressListener, HostAlias } from './egress-gateway.ts';
export { EgressL4Route, type EgressL4RouteProps, type L4Match, type PortRange } from './egress-l4-route.ts';
export type { EgressRouteProps, IEgressGateway } from './egress-route.ts';
export { EnvValue } from './env-value.ts';
export { TaskAgent, type AgentState, type TaskAgentProps } from './task-agent.ts';
export { WorkerPool, type IWorkerPool, type WorkerPoolProps } from './worker-pool.ts';
export type { Toleration, WorkerResources } from './worker-pool.ts';

/**
 * The kinds the operator reads, each with its type: ours from api/, and as much of the built-in ones as we use. Apart
 * so that controllers say `kinds.taskAgent` and the compiler knows what comes back.
 */
import type {
  AIProviderRoute,
  AgentSandboxRevision,
  Approval,
  Backend,
  CLRKConfig,
  CredentialInjectionPolicy,
  DaemonAgent,
  EgressDenyPolicy,
  EgressGateway,
  EgressHTTPRoute,
  EgressL4Route,
  FallbackRoutingPolicy,
  LoggingPolicy,
  MCPRoute,
  RateLimitPolicy,
  TaskAgent,
  WorkerPool,
} from '../api/index.ts';
import { builtins, type Kind, type KubeObject, type Metadata } from './runtime/index.ts';

export type {
  AIProviderRoute,
  AgentSandboxRevision,
  Approval,
  Backend,
  CLRKConfig,
  CredentialInjectionPolicy,
  DaemonAgent,
  EgressDenyPolicy,
  EgressGateway,
  EgressHTTPRoute,
  EgressL4Route,
  FallbackRoutingPolicy,
  LoggingPolicy,
  MCPRoute,
  RateLimitPolicy,
  TaskAgent,
  WorkerPool,
};

export const apiGroup = 'clrk.apoxy.dev';
export const apiVersion = 'clrk.apoxy.dev/v1alpha1';

export type Route = (EgressL4Route | AIProviderRoute | MCPRoute | EgressHTTPRoute) & { kind?: string };
export type ParentRef = Route['spec']['parentRefs'][number];

interface Named {
  readonly metadata: Metadata & { readonly name: string; readonly namespace: string };
}

export interface Secret extends Named {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface ConfigMap extends Named {
  readonly data?: Readonly<Record<string, string>>;
}

export interface Namespace {
  readonly metadata: Metadata & { readonly name: string };
}

export interface Service extends Named {
  readonly spec?: { readonly clusterIP?: string };
}

export interface Deployment extends Named {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly serviceAccountName?: string } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly conditions?: ReadonlyArray<{
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }>;
  };
}

export interface ServiceAccount extends Named {
  readonly imagePullSecrets?: unknown;
}

export type Role = KubeObject;
export type RoleBinding = KubeObject;

function ours<T>(plural: string, kind: string): Kind<T> {
  return { group: apiGroup, version: 'v1alpha1', plural, kind, namespaced: true };
}

export const kinds = {
  workerPool: ours<WorkerPool>('workerpools', 'WorkerPool'),
  taskAgent: ours<TaskAgent>('taskagents', 'TaskAgent'),
  agentSandboxRevision: ours<AgentSandboxRevision>('agentsandboxrevisions', 'AgentSandboxRevision'),
  egressGateway: ours<EgressGateway>('egressgateways', 'EgressGateway'),
  egressL4Route: ours<EgressL4Route>('egressl4routes', 'EgressL4Route'),
  egressHttpRoute: ours<EgressHTTPRoute>('egresshttproutes', 'EgressHTTPRoute'),
  aiProviderRoute: ours<AIProviderRoute>('aiproviderroutes', 'AIProviderRoute'),
  backend: ours<Backend>('backends', 'Backend'),
  credentialInjectionPolicy: ours<CredentialInjectionPolicy>(
    'credentialinjectionpolicies',
    'CredentialInjectionPolicy',
  ),
  daemonAgent: ours<DaemonAgent>('daemonagents', 'DaemonAgent'),
  mcpRoute: ours<MCPRoute>('mcproutes', 'MCPRoute'),
  fallbackRoutingPolicy: ours<FallbackRoutingPolicy>('fallbackroutingpolicies', 'FallbackRoutingPolicy'),
  rateLimitPolicy: ours<RateLimitPolicy>('ratelimitpolicies', 'RateLimitPolicy'),
  loggingPolicy: ours<LoggingPolicy>('loggingpolicies', 'LoggingPolicy'),
  egressDenyPolicy: ours<EgressDenyPolicy>('egressdenypolicies', 'EgressDenyPolicy'),
  approval: ours<Approval>('approvals', 'Approval'),
  clrkConfig: ours<CLRKConfig>('clrkconfigs', 'CLRKConfig'),
  namespace: builtins.namespaces as Kind<Namespace>,
  secret: builtins.secrets as Kind<Secret>,
  configMap: builtins.configMaps as Kind<ConfigMap>,
  service: builtins.services as Kind<Service>,
  serviceAccount: builtins.serviceAccounts as Kind<ServiceAccount>,
  deployment: builtins.deployments as Kind<Deployment>,
  role: builtins.roles as Kind<Role>,
  roleBinding: builtins.roleBindings as Kind<RoleBinding>,
  apiService: builtins.apiServices as Kind<KubeObject>,
  podDisruptionBudget: builtins.podDisruptionBudgets as Kind<KubeObject>,
  networkPolicy: builtins.networkPolicies as Kind<KubeObject>,
} as const;

/** Every kind of ours. Adding one is a file and a line here. */
import { agentSandboxRevision } from './agent-sandbox-revision.ts';
import { aiProviderRoute } from './ai-provider-route.ts';
import { approval } from './approval.ts';
import { backend } from './backend.ts';
import { clrkConfig } from './clrk-config.ts';
import { credentialInjectionPolicy } from './credential-injection-policy.ts';
import { daemonAgent } from './daemon-agent.ts';
import { egressDenyPolicy } from './egress-deny-policy.ts';
import { egressGateway } from './egress-gateway.ts';
import { egressHttpRoute } from './egress-http-route.ts';
import { egressL4Route } from './egress-l4-route.ts';
import { fallbackRoutingPolicy } from './fallback-routing-policy.ts';
import { loggingPolicy } from './logging-policy.ts';
import { mcpRoute } from './mcp-route.ts';
import { rateLimitPolicy } from './rate-limit-policy.ts';
import type { KindDefinition } from './resource.ts';
import { taskAgent } from './task-agent.ts';
import { workerPool } from './worker-pool.ts';

export const kinds: readonly KindDefinition[] = [
  workerPool,
  taskAgent,
  daemonAgent,
  agentSandboxRevision,
  egressGateway,
  egressL4Route,
  egressHttpRoute,
  aiProviderRoute,
  mcpRoute,
  backend,
  credentialInjectionPolicy,
  fallbackRoutingPolicy,
  rateLimitPolicy,
  loggingPolicy,
  egressDenyPolicy,
  clrkConfig,
  approval,
];

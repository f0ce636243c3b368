/** Every kind of ours. Adding one is a file and a line here. */
import { agentSandboxRevision } from './agent-sandbox-revision.ts';
import { aiProviderRoute } from './ai-provider-route.ts';
import { backend } from './backend.ts';
import { credentialInjectionPolicy } from './credential-injection-policy.ts';
import { egressGateway } from './egress-gateway.ts';
import { egressL4Route } from './egress-l4-route.ts';
import type { KindDefinition } from './resource.ts';
import { taskAgent } from './task-agent.ts';
import { workerPool } from './worker-pool.ts';

export const kinds: readonly KindDefinition[] = [
  workerPool,
  taskAgent,
  agentSandboxRevision,
  egressGateway,
  egressL4Route,
  aiProviderRoute,
  backend,
  credentialInjectionPolicy,
];

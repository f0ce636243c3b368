/** Every controller of the operator. Adding a kind: one folder and one line. */
import { agentSandboxRevisionController } from './agentsandboxrevision/controller.ts';
import { aiProviderRouteController } from './aiproviderroute/controller.ts';
import { approvalController } from './approval/controller.ts';
import { backendController } from './backend/controller.ts';
import { clrkConfigController } from './clrkconfig/controller.ts';
import type { ControllerSpec } from './context.ts';
import { controlPlaneController } from './controlplane/controller.ts';
import { credentialInjectionPolicyController } from './credentialinjectionpolicy/controller.ts';
import { daemonAgentController } from './daemonagent/controller.ts';
import { egressDenyPolicyController } from './egressdenypolicy/controller.ts';
import { egressGatewayController } from './egressgateway/controller.ts';
import { egressHttpRouteController } from './egresshttproute/controller.ts';
import { egressL4RouteController } from './egressl4route/controller.ts';
import { eventsController } from './events/controller.ts';
import { fallbackRoutingPolicyController } from './fallbackroutingpolicy/controller.ts';
import { identitiesController } from './identities/controller.ts';
import { ingressController } from './ingress/controller.ts';
import { loggingPolicyController } from './loggingpolicy/controller.ts';
import { mcpRouteController } from './mcproute/controller.ts';
import { rateLimitPolicyController } from './ratelimitpolicy/controller.ts';
import { taskAgentController } from './taskagent/controller.ts';
import { workerPoolController } from './workerpool/controller.ts';

export const controllerSpecs: readonly ControllerSpec[] = [
  controlPlaneController,
  identitiesController,
  ingressController,
  eventsController,
  workerPoolController,
  egressGatewayController,
  taskAgentController,
  daemonAgentController,
  agentSandboxRevisionController,
  egressL4RouteController,
  egressHttpRouteController,
  aiProviderRouteController,
  mcpRouteController,
  backendController,
  credentialInjectionPolicyController,
  fallbackRoutingPolicyController,
  rateLimitPolicyController,
  loggingPolicyController,
  egressDenyPolicyController,
  clrkConfigController,
  approvalController,
];

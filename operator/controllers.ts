/** Every controller of the operator. Adding a kind: one folder and one line. */
import { agentSandboxRevisionController } from './agentsandboxrevision/controller.ts';
import { aiProviderRouteController } from './aiproviderroute/controller.ts';
import { backendController } from './backend/controller.ts';
import type { ControllerSpec } from './context.ts';
import { controlPlaneController } from './controlplane/controller.ts';
import { credentialInjectionPolicyController } from './credentialinjectionpolicy/controller.ts';
import { egressGatewayController } from './egressgateway/controller.ts';
import { egressL4RouteController } from './egressl4route/controller.ts';
import { ingressController } from './ingress/controller.ts';
import { taskAgentController } from './taskagent/controller.ts';
import { workerPoolController } from './workerpool/controller.ts';

export const controllerSpecs: readonly ControllerSpec[] = [
  controlPlaneController,
  ingressController,
  workerPoolController,
  egressGatewayController,
  taskAgentController,
  agentSandboxRevisionController,
  egressL4RouteController,
  aiProviderRouteController,
  backendController,
  credentialInjectionPolicyController,
];

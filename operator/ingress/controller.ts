/** Compiles the one document of the ingress from every TaskAgent, whenever one changes. */
import { configSecretName, type IngressConfig } from '../../contract/index.ts';
import { compileIngress, systemName } from '../compile/index.ts';
import { applyConfig } from '../config-secret.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import { endpointsFor } from '../platform.ts';
import type { ReconcileResult } from '../runtime/index.ts';

export const ingressKey = 'control-plane/ingress';
const waitForCertificateMs = 1_000;

async function reconcile(context: Context): Promise<ReconcileResult> {
  const { systemNamespace } = context.settings();
  const platform = endpointsFor(context, { role: 'ingress' });
  const document =
    platform === undefined ? undefined : compileIngress(context.world, { platform, systemNamespace });
  if (document === undefined) return { requeueAfterMs: waitForCertificateMs };
  const digest = await applyConfig<IngressConfig>(
    context,
    {
      namespace: systemNamespace,
      name: configSecretName.ingress(),
      labels: managedLabels('ingress'),
      ownerReferences: [],
    },
    document,
  );
  const serving = new Map<string, string>();
  for (const agent of document.agents) {
    if (agent.servingRevision !== undefined) {
      serving.set(`${agent.namespace}/${agent.name}`, agent.servingRevision);
    }
  }
  context.programmed.recordIngress({ digest, serving });
  return {};
}

export const ingressController: ControllerSpec = {
  name: 'ingress',
  concurrency: 1,
  reconcile,
  watches: [
    // A thousand agents arriving together are one document, not a thousand.
    { resource: kinds.taskAgent, keysOf: () => [ingressKey], delayMs: 50 },
    {
      resource: kinds.secret,
      keysOf: (_world, { before, after }) => {
        const name = (after ?? before)?.metadata?.name;
        return name === systemName.ingressClient || name === configSecretName.ingress() ? [ingressKey] : [];
      },
    },
    {
      resource: kinds.service,
      keysOf: (_world, { before, after }) =>
        (after ?? before)?.metadata?.name === systemName.telemetryService ? [ingressKey] : [],
    },
  ],
};

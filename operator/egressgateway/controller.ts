/** EgressGateway → CA, Deployment, Service, rights, compiled config, status. */
import { configDigestAnnotation, configSecretName, type GatewayConfig } from '../../contract/index.ts';
import { createCa } from '../../pki/index.ts';
import {
  attachedRoutes,
  childName,
  compileGateway,
  compileRecordExport,
  compileRecordSinks,
  gatewayCa,
  isCounting,
  isLive,
  label,
  labelValue,
  missingExportSecret,
  ownCaSecret,
} from '../compile/index.ts';
import { applyConfig } from '../config-secret.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { faultOf, type Fault } from '../fault.ts';
import { kinds, type EgressGateway } from '../kind.ts';
import { controllerRef, managedLabels, requireOwn, tenantIdentity } from '../owner.ts';
import { graceLeft, markPending, previousConditions } from '../pending.ts';
import { endpointsFor } from '../platform.ts';
import { writeRandomSecret } from '../random-secret.ts';
import { splitKey, type KubeObject, type ReconcileResult, type Resource } from '../runtime/index.ts';
import {
  gatewayDeployment,
  gatewayDisruptionBudget,
  gatewayPolicy,
  gatewayRole,
  gatewayRoleBinding,
  gatewayService,
  gatewayServiceAccount,
} from './children.ts';
import { gatewayStatus } from './status.ts';
import { gatewayWatches } from './watches.ts';

const caYears = 10;
const faultRetryMs = 30_000;
const waitMs = 1_000;

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const gateway = context.world.get(kinds.egressGateway, namespace, name);
  if (gateway === undefined || !isLive(gateway)) return {};
  await markPending(context, kinds.egressGateway, gateway);
  let fault: Fault | undefined;
  let digest: string | undefined;
  try {
    await applyChildren(context, gateway);
    await ensureCa(context, gateway);
    digest = await applyGatewayConfig(context, gateway);
  } catch (thrown) {
    fault = faultOf(thrown);
    digest = digestInForce(context, gateway);
  }
  await writeStatus(context, gateway, { fault, digest });
  if (fault !== undefined) return { requeueAfterMs: faultRetryMs };
  if (digest === undefined) return { requeueAfterMs: waitMs };
  const refs = previousConditions(gateway);
  const waiting = refs.some((each) => each.type === 'ResolvedRefs' && each.status === 'False');
  return waiting ? { requeueAfterMs: Math.max(waitMs, graceLeft(refs, 'ResolvedRefs', context.now())) } : {};
}

async function applyChildren(context: Context, gateway: EgressGateway): Promise<void> {
  const children: ReadonlyArray<readonly [Resource, KubeObject]> = [
    [kinds.serviceAccount, gatewayServiceAccount(gateway)],
    [kinds.role, gatewayRole(gateway)],
    [kinds.roleBinding, gatewayRoleBinding(gateway)],
    // Before the pods it is for.
    [kinds.networkPolicy, gatewayPolicy(gateway)],
    [kinds.service, gatewayService(gateway)],
    [kinds.podDisruptionBudget, gatewayDisruptionBudget(gateway)],
    [kinds.deployment, gatewayDeployment(gateway, context.settings().platformImage)],
  ];
  for (const [resource, child] of children) {
    const { namespace, name = '' } = child.metadata ?? {};
    const observed = context.world.get<KubeObject>(resource, namespace, name);
    requireOwn(resource.kind, observed, { kind: 'EgressGateway', metadata: gateway.metadata });
    await context.applier.apply(resource, child, observed);
  }
}

/** Makes the CA once. Rotation is a person deleting the Secret; a Secret a person brought is never touched. */
async function ensureCa(context: Context, gateway: EgressGateway): Promise<void> {
  if (ownCaSecret(gateway) !== undefined || gatewayCa(context.world, gateway).found) return;
  const { namespace, name } = gateway.metadata;
  const secretName = childName.gatewayCa(name);
  const observed = context.world.get(kinds.secret, namespace, secretName);
  const owner = { kind: 'EgressGateway', metadata: gateway.metadata };
  requireOwn('Secret', observed, owner);
  const ca = createCa({ commonName: `clrk egress ${namespace}/${name}`.slice(0, 64), years: caYears });
  const metadata = {
    namespace,
    name: secretName,
    labels: { ...managedLabels('egress'), [label.egressGateway]: labelValue(name) },
    ownerReferences: [controllerRef(owner)],
  };
  const data = { 'tls.crt': ca.certificatePem, 'tls.key': ca.privateKeyPem };
  const written = await writeRandomSecret(context, { metadata, type: 'kubernetes.io/tls', data }, observed);
  if (written) context.log.info({ namespace, gateway: name }, 'gateway CA created');
}

async function applyGatewayConfig(context: Context, gateway: EgressGateway): Promise<string | undefined> {
  const platform = endpointsFor(context, tenantIdentity('egress', gateway));
  if (platform === undefined) return digestInForce(context, gateway);
  const document = compileGateway(context.world, {
    gateway,
    platform,
    platformCidrs: context.settings().platformCidrs,
  });
  if (document === undefined) return digestInForce(context, gateway);
  const { namespace, name } = gateway.metadata;
  // Before the gateway knows what it is to count: without a place it refuses those calls.
  if (isCounting(document)) await context.dataPlanes.keepBudgets(namespace);
  const target = {
    namespace,
    name: configSecretName.gateway(name),
    labels: { ...managedLabels('egress'), [label.egressGateway]: labelValue(name) },
    ownerReferences: [controllerRef({ kind: 'EgressGateway', metadata: gateway.metadata })],
  };
  return await applyConfig<GatewayConfig>(context, target, document);
}

function digestInForce(context: Context, gateway: EgressGateway): string | undefined {
  const { namespace, name } = gateway.metadata;
  const secret = context.world.get(kinds.secret, namespace, configSecretName.gateway(name));
  return secret?.metadata.annotations?.[configDigestAnnotation];
}

/** A reference only a person can mend: the gateway runs on, closed where it matters. */
function missingReference(context: Context, gateway: EgressGateway): Fault | undefined {
  const { namespace } = gateway.metadata;
  const ca = gatewayCa(context.world, gateway);
  if (ownCaSecret(gateway) !== undefined && !ca.found) {
    return { reason: 'InvalidCertificateRef', message: `Secret ${ca.secret} has no tls.crt and tls.key` };
  }
  const header = missingExportSecret(context.world, gateway);
  if (header !== undefined) {
    return { reason: 'SecretNotFound', message: `Secret ${header} (headersFrom of otlp) does not exist` };
  }
  const bundle = gateway.spec.upstreamTLS?.additionalTrustBundleSecretRef?.name;
  if (bundle === undefined || context.world.get(kinds.secret, namespace, bundle) !== undefined)
    return undefined;
  const message = `Secret ${bundle} (upstreamTLS.additionalTrustBundleSecretRef) does not exist`;
  return { reason: 'TrustBundleNotFound', message };
}

function attachedByListener(context: Context, gateway: EgressGateway): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const attached = [
    ...attachedRoutes(context.world, gateway, kinds.egressL4Route),
    ...attachedRoutes(context.world, gateway, kinds.aiProviderRoute),
    ...attachedRoutes(context.world, gateway, kinds.mcpRoute),
    ...attachedRoutes(context.world, gateway, kinds.egressHttpRoute),
  ];
  for (const { listeners } of attached) {
    for (const { name } of listeners) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

async function writeStatus(
  context: Context,
  gateway: EgressGateway,
  outcome: { readonly fault: Fault | undefined; readonly digest: string | undefined },
): Promise<void> {
  const { namespace, name } = gateway.metadata;
  const status = gatewayStatus({
    gateway,
    deployment: context.world.get(kinds.deployment, namespace, childName.gateway(name)),
    reports: context.dataPlanes
      .gateways()
      .filter((report) => report.namespace === namespace && report.gateway === name),
    ...outcome,
    attached: attachedByListener(context, gateway),
    missing: missingReference(context, gateway),
    recordExport: compileRecordExport(context.world, gateway),
    recordSinks: compileRecordSinks(context.world, gateway),
    now: context.now(),
  });
  await context.applier.applyStatus(kinds.egressGateway, gateway, status);
  if (outcome.fault === undefined) return;
  const { reason, message } = outcome.fault;
  const note = { type: 'Warning', reason, action: 'Reconcile', note: message } as const;
  context.events.record(kinds.egressGateway, gateway, note);
}

export const egressGatewayController: ControllerSpec = {
  name: 'egressgateway',
  concurrency: 4,
  reconcile,
  watches: gatewayWatches,
};

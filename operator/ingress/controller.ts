/** Compiles the ingress's settings and its shards of TaskAgents, each whenever something in it changes. */
import {
  configSecretName,
  ingressShardCount,
  ingressShardOf,
  type IngressSettings,
  type IngressShard,
} from '../../contract/index.ts';
import { compileIngressSettings, compileIngressShard, systemName } from '../compile/index.ts';
import { applyConfig } from '../config-secret.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import { endpointsFor } from '../platform.ts';
import { servingOf } from '../programmed-config.ts';
import type { ReconcileResult } from '../runtime/index.ts';

/** What the keys of the ingress's documents start with: no pool has such a namespace's key. */
const settingsKey = 'control-plane/ingress';
const waitForCertificateMs = 1_000;

function shardKey(shard: number): string {
  return `${settingsKey}/${shard}`;
}

/** Settings and every shard: the ingress is ready once it has read all of them, also those without an agent. */
export const ingressKeys: readonly string[] = [
  settingsKey,
  ...Array.from({ length: ingressShardCount }, (_, shard) => shardKey(shard)),
];

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  if (key === settingsKey) return await applySettings(context);
  const shard = ingressKeys.indexOf(key) - 1;
  if (shard >= 0) await applyShard(context, shard);
  return {};
}

async function applySettings(context: Context): Promise<ReconcileResult> {
  const { systemNamespace } = context.settings();
  const platform = endpointsFor(context, { role: 'ingress' });
  const document =
    platform === undefined ? undefined : compileIngressSettings(context.world, { platform, systemNamespace });
  if (document === undefined) return { requeueAfterMs: waitForCertificateMs };
  await applyConfig<IngressSettings>(context, targetOf(context, configSecretName.ingress()), document);
  return {};
}

async function applyShard(context: Context, shard: number): Promise<void> {
  const { document, left } = compileIngressShard(context.world, shard);
  const target = targetOf(context, configSecretName.ingressShard(shard));
  const digest = await applyConfig<IngressShard>(context, target, document);
  context.programmed.recordShard(shard, { digest, serving: servingOf(document.agents) });
  context.programmed.recordLeftOut({ kind: 'shard', shard }, left);
}

function targetOf(context: Context, name: string): Parameters<typeof applyConfig>[1] {
  const { systemNamespace: namespace } = context.settings();
  return { namespace, name, labels: managedLabels('ingress'), ownerReferences: [] };
}

const shardSecrets = new Map(
  Array.from({ length: ingressShardCount }, (_, shard) => [configSecretName.ingressShard(shard), shard]),
);

export const ingressController: ControllerSpec = {
  name: 'ingress',
  concurrency: 2,
  reconcile,
  watches: [
    // A thousand agents arriving together are one document, not a thousand.
    {
      resource: kinds.taskAgent,
      keysOf: (_world, { before, after }) => [
        shardKey(ingressShardOf((after ?? before)?.metadata?.namespace ?? '')),
      ],
      delayMs: 50,
    },
    {
      resource: kinds.secret,
      keysOf: (_world, { before, after }) => {
        const name = (after ?? before)?.metadata?.name ?? '';
        if (name === systemName.ingressClient || name === configSecretName.ingress()) return [settingsKey];
        const shard = shardSecrets.get(name);
        return shard === undefined ? [] : [shardKey(shard)];
      },
    },
    {
      resource: kinds.service,
      keysOf: (_world, { before, after }) =>
        (after ?? before)?.metadata?.name === systemName.telemetryService ? [settingsKey] : [],
    },
  ],
};

/** Waits until what was applied works: kinds served, workloads available. Says what it waits for, once a change. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { notice, pause, type Io } from '../io.ts';
import type { Manifest } from '../manifest-files.ts';

const workloadSchema = Type.Object({
  metadata: Type.Object({ generation: Type.Number() }),
  spec: Type.Object({ replicas: Type.Optional(Type.Number()) }),
  status: Type.Optional(
    Type.Object({
      observedGeneration: Type.Optional(Type.Number()),
      updatedReplicas: Type.Optional(Type.Number()),
      readyReplicas: Type.Optional(Type.Number()),
    }),
  ),
});

const pollMs = 500;

/** What it still waits for, or undefined. Pure. */
export function waitsFor(workload: unknown): string | undefined {
  if (!Value.Check(workloadSchema, workload)) return 'it does not exist';
  const { metadata, spec, status = {} } = workload;
  const wanted = spec.replicas ?? 1;
  if ((status.observedGeneration ?? 0) < metadata.generation) return 'not observed yet';
  const ready = Math.min(status.updatedReplicas ?? 0, status.readyReplicas ?? 0);
  return ready >= wanted ? undefined : `${ready} of ${wanted} pods ready`;
}

function pathOf({ kind, metadata }: Manifest): string | undefined {
  const plural = kind === 'Deployment' ? 'deployments' : kind === 'StatefulSet' ? 'statefulsets' : undefined;
  if (plural === undefined) return undefined;
  return `/apis/apps/v1/namespaces/${metadata.namespace ?? ''}/${plural}/${metadata.name}`;
}

/** Throws NOT_READY after the time-out. */
export async function awaitRollout(
  cluster: Cluster,
  io: Io,
  manifests: readonly Manifest[],
  timeoutMs: number,
): Promise<void> {
  const signal = io.interruption();
  let waitedMs = 0;
  for (const manifest of manifests) {
    const path = pathOf(manifest);
    if (path === undefined) continue;
    let said = '';
    for (;;) {
      signal.throwIfAborted();
      const reason = waitsFor(await cluster.json({ path, signal }));
      if (reason === undefined) break;
      const name = `${manifest.kind.toLowerCase()}/${manifest.metadata.name}`;
      if (waitedMs >= timeoutMs) {
        throw new ClrkError('TIMEOUT', `${name} is not ready: ${reason}`, {
          hint: `See \`kubectl -n ${manifest.metadata.namespace ?? ''} describe pods\`; \`clrk upgrade\` goes on.`,
        });
      }
      if (said !== reason) notice(io, `waiting for ${name}: ${reason}`);
      said = reason;
      await pause(pollMs, signal);
      waitedMs += pollMs;
    }
    notice(io, `${manifest.kind.toLowerCase()}/${manifest.metadata.name} is ready`);
  }
}

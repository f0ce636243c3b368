/**
 * Server-side apply of one object after another, under one field manager. Waits for a kind whose definition was applied
 * a moment ago. It never takes a field from another manager unless asked.
 */
import { ClrkError } from '../../contract/index.ts';
import { checkObject, parseManifestText } from '../../policy/index.ts';
import { pause, type Io } from '../io.ts';
import type { Manifest } from '../manifest-files.ts';
import type { Cluster } from './cluster.ts';
import { Discovery, objectName, resourcePath, type Resource } from './discovery.ts';

export type DryRun = 'none' | 'client' | 'server';

export interface ApplierOptions {
  readonly dryRun: DryRun;
  readonly fieldManager: string;
  readonly forceConflicts?: boolean;
}

/** A CustomResourceDefinition takes a moment to be served; etcd and apiserver need well under a second each. */
const kindWaitMs = 15_000;

/** The CRDs' own schemas and rules, as `clrk validate` evaluates them: what the server would refuse. */
function refuseInvalid(manifest: Manifest): void {
  const { manifests } = parseManifestText(JSON.stringify(manifest), 'manifest');
  const [finding] = manifests.flatMap((each) => checkObject(each).findings);
  if (finding === undefined) return;
  throw new ClrkError('MANIFEST_INVALID', finding.message, {
    hint: finding.hint ?? 'The API server would refuse it; `clrk validate` shows the line.',
  });
}

export class Applier {
  readonly #cluster: Cluster;
  readonly #discovery: Discovery;
  readonly #io: Io;
  readonly #options: ApplierOptions;
  /** Kinds that definitions of this very run bring: worth waiting for. */
  readonly #coming = new Set<string>();

  constructor(cluster: Cluster, io: Io, options: ApplierOptions) {
    this.#cluster = cluster;
    this.#discovery = new Discovery(cluster);
    this.#io = io;
    this.#options = options;
  }

  async apply(manifest: Manifest): Promise<string> {
    const resource = await this.#resource(manifest);
    const name = objectName(resource, manifest.metadata.name);
    const { dryRun, fieldManager, forceConflicts } = this.#options;
    if (dryRun === 'client') {
      refuseInvalid(manifest);
      return `${name} serverside-applied (dry run)`;
    }
    await this.#cluster.json({
      method: 'PATCH',
      path: resourcePath(
        resource,
        manifest.metadata.namespace ?? this.#cluster.namespace,
        manifest.metadata.name,
      ),
      headers: { 'content-type': 'application/apply-patch+yaml' },
      query: {
        fieldManager,
        force: forceConflicts === true ? 'true' : undefined,
        dryRun: dryRun === 'server' ? 'All' : undefined,
      },
      // JSON is YAML; sent as parsed, so that what was judged is what arrives.
      body: JSON.stringify(manifest),
      signal: this.#io.interruption(),
    });
    if (manifest.kind === 'CustomResourceDefinition') this.#expect(manifest);
    return `${name} serverside-applied${dryRun === 'server' ? ' (server dry run)' : ''}`;
  }

  #expect(definition: Manifest): void {
    const spec = definition['spec'] as { group?: string; names?: { kind?: string } } | undefined;
    this.#coming.add(`${spec?.group ?? ''}/${spec?.names?.kind ?? ''}`);
    this.#discovery.forget();
  }

  async #resource(manifest: Manifest): Promise<Resource> {
    const { apiVersion, kind } = manifest;
    const coming = this.#coming.has(`${apiVersion.split('/')[0] ?? ''}/${kind}`);
    const deadline = this.#io.now().getTime() + (coming ? kindWaitMs : 0);
    for (;;) {
      const resource = await this.#discovery.find(apiVersion, kind);
      if (resource !== undefined) return resource;
      if (this.#io.now().getTime() >= deadline || this.#io.interruption().aborted) break;
      this.#discovery.forget();
      await pause(200, this.#io.interruption());
    }
    throw new ClrkError('KIND_UNKNOWN', `the server has no kind ${kind} in ${apiVersion}`, {
      hint: 'Apply its CustomResourceDefinition first (crds/), or check apiVersion and kind.',
    });
  }
}

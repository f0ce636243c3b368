/**
 * `clrk apply -f`: server-side apply under the field manager `clrk-cli`. One refused object does not stop the others;
 * each is reported and the exit code tells. It never takes a field from another manager unless asked.
 */
import { renderError, ClrkError } from '../../contract/index.ts';
import { checkObject, parseManifestText } from '../../policy/index.ts';
import { Discovery, objectName, resourcePath, type Resource } from '../cluster/discovery.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { exitCode, usageError } from '../exit-code.ts';
import { notice, pause, printLine, readAll, type Io } from '../io.ts';
import { readManifests, type Manifest } from '../manifest-files.ts';
import { plainText } from '../render/table.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

const dryRunModes = ['none', 'client', 'server'] as const;

interface ApplyOptions extends ClusterFlags {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
  readonly dryRun: string;
  readonly forceConflicts?: boolean;
  readonly fieldManager: string;
}

const maxStdinBytes = 16 * 1024 * 1024;
/** A CustomResourceDefinition takes a moment to be served; etcd and apiserver need well under a second each. */
const kindWaitMs = 15_000;

class Applier {
  readonly #cluster: Cluster;
  readonly #discovery: Discovery;
  readonly #io: Io;
  readonly #options: ApplyOptions;
  /** Kinds that definitions of this very run bring: worth waiting for. */
  readonly #coming = new Set<string>();

  constructor(cluster: Cluster, io: Io, options: ApplyOptions) {
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

/** The CRDs' own schemas and rules, as `clrk validate` evaluates them: what the server would refuse. */
function refuseInvalid(manifest: Manifest): void {
  const { manifests } = parseManifestText(JSON.stringify(manifest), 'manifest');
  const [finding] = manifests.flatMap((each) => checkObject(each).findings);
  if (finding === undefined) return;
  throw new ClrkError('MANIFEST_INVALID', finding.message, {
    hint: finding.hint ?? 'The API server would refuse it; `clrk validate` shows the line.',
  });
}

export async function runApply(io: Io, options: ApplyOptions): Promise<number> {
  if (!(dryRunModes as readonly string[]).includes(options.dryRun)) {
    throw usageError(`--dry-run=${options.dryRun} is not one of none, client, server`);
  }
  const stdin = options.filename.includes('-') ? await readAll(io.stdin, maxStdinBytes) : Buffer.alloc(0);
  if (stdin === undefined) throw usageError('stdin is larger than 16 MiB');
  const manifests = readManifests(options.filename, options.recursive ?? false, stdin.toString('utf8'));
  const applier = new Applier(await openCluster(io, options), io, options);
  let refused = 0;
  for (const manifest of manifests) {
    io.interruption().throwIfAborted();
    try {
      await printLine(io, await applier.apply(manifest));
    } catch (error) {
      // Nothing else will fare better without a server.
      if (error instanceof ClrkError && error.code === 'CLUSTER_UNREACHABLE') throw error;
      refused += 1;
      notice(io, plainText(`${manifest.kind}/${manifest.metadata.name}:`));
      notice(io, renderError(error));
    }
  }
  return refused === 0 ? exitCode.ok : exitCode.failure;
}

export const addApply: AddCommand = ({ program, io, setExitCode }) => {
  program
    .command('apply')
    .description('Apply manifests, server-side')
    .addHelpText(
      'before',
      examples(
        'clrk apply -f dist/examples',
        'cdk8s synth -p | clrk apply -f -',
        'clrk apply -f agent.yaml --dry-run=server',
      ),
    )
    .requiredOption('-f, --filename <path>', 'file, directory or - for stdin; may be repeated', collect)
    .option('-R, --recursive', 'go into directories')
    .option('--dry-run <mode>', 'none, client (send nothing) or server (change nothing)', 'none')
    .option('--force-conflicts', 'take over fields another manager owns')
    .option('--field-manager <name>', 'owner of the applied fields', 'clrk-cli')
    .action(async (options: ApplyOptions, command) => {
      setExitCode(await runApply(io, { ...clusterFlags(command), ...options }));
    });
};

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

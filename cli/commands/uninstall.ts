/**
 * `clrk uninstall`: takes away what install put there. Kinds, agents, volumes and credentials stay unless the person
 * says --purge --yes, because nothing brings them back.
 */
import { ClrkError, systemNamespace } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { Discovery, objectName, resourcePath } from '../cluster/discovery.ts';
import { exitCode } from '../exit-code.ts';
import { find, installations, list } from '../install/installed.ts';
import { definitions, platformObjects, type Choices } from '../install/platform-objects.ts';
import { notice, pause, printLine, type Io } from '../io.ts';
import type { Manifest } from '../manifest-files.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface UninstallOptions extends ClusterFlags {
  readonly purge?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** What holds data, or what holds that. */
const keptKinds: ReadonlySet<string> = new Set(['Namespace', 'PersistentVolumeClaim']);
const ourLabel = 'app.kubernetes.io/part-of';
const goneMs = 120_000;
const pollMs = 200;

class Remover {
  readonly #cluster: Cluster;
  readonly #io: Io;
  readonly #dryRun: boolean;
  readonly #discovery: Discovery;

  constructor(cluster: Cluster, io: Io, dryRun: boolean) {
    this.#cluster = cluster;
    this.#io = io;
    this.#dryRun = dryRun;
    this.#discovery = new Discovery(cluster);
  }

  /** Leaves alone what is not there and what only has the same name. Returns the path of what goes. */
  async remove({ apiVersion, kind, metadata }: Manifest): Promise<string | undefined> {
    const resource = await this.#discovery.find(apiVersion, kind);
    if (resource === undefined) return undefined;
    const path = resourcePath(resource, metadata.namespace, metadata.name);
    const found = await find(this.#cluster, path);
    if (found === undefined) return undefined;
    const name = objectName(resource, metadata.name);
    if (kind !== 'CustomResourceDefinition' && found.metadata.labels?.[ourLabel] !== 'clrk') {
      notice(this.#io, `${name} has no label ${ourLabel}=clrk and stays`);
      return undefined;
    }
    if (!this.#dryRun) {
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
      });
      const headers = { 'content-type': 'application/json' };
      await this.#cluster.json({ method: 'DELETE', path, headers, body });
    }
    await printLine(this.#io, `${name} deleted${this.#dryRun ? ' (dry run)' : ''}`);
    return path;
  }

  /** Throws TIMEOUT when one of them stays. */
  async untilGone(paths: readonly string[]): Promise<void> {
    const signal = this.#io.interruption();
    let waitedMs = 0;
    for (const path of this.#dryRun ? [] : paths) {
      while ((await find(this.#cluster, path)) !== undefined) {
        signal.throwIfAborted();
        if (waitedMs > goneMs) {
          throw new ClrkError('TIMEOUT', `${path.split('/').at(-1) ?? path} is still there`, {
            hint: 'An object of it has a finalizer: look with `kubectl get` and remove it by hand.',
          });
        }
        await pause(pollMs, signal);
        waitedMs += pollMs;
      }
    }
  }
}

async function objectsOfOurKinds(cluster: Cluster): Promise<number> {
  const counts = definitions().map(async (definition) => {
    const spec = definition['spec'] as { group: string; names: { plural: string } };
    try {
      return (await list(cluster, `/apis/${spec.group}/v1alpha1/${spec.names.plural}`)).length;
    } catch (error) {
      if (error instanceof ClrkError && error.code === 'NOT_FOUND') return 0;
      throw error;
    }
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** The installation to take away; for a purge, what an earlier uninstall has left counts as one. */
async function required(cluster: Cluster, namespace: string, purge: boolean): Promise<Choices> {
  const found = await installations(cluster);
  const here = found.find((each) => each.namespace === namespace);
  if (here?.owner !== undefined) {
    throw new ClrkError('NOT_OURS', `${here.owner} manages the installation in ${namespace}`, {
      hint: `Uninstall it with ${here.owner}.`,
    });
  }
  if (here !== undefined) return here.choices;
  const left = await find(cluster, `/api/v1/namespaces/${namespace}`);
  if (purge && left?.metadata.labels?.[ourLabel] === 'clrk') return {};
  const others = found.map((each) => each.namespace).join(', ');
  throw new ClrkError('NOT_FOUND', `nothing is installed in ${namespace}`, {
    hint: others === '' ? 'There is no installation in this cluster.' : `Use -n ${others}.`,
  });
}

/** Kinds first: their objects own workers and gateways, which the cluster then collects. */
async function removeDefinitions(remover: Remover): Promise<void> {
  const gone: string[] = [];
  for (const definition of definitions()) {
    const path = await remover.remove(definition);
    if (path !== undefined) gone.push(path);
  }
  await remover.untilGone(gone);
}

async function runUninstall(io: Io, options: UninstallOptions): Promise<number> {
  const namespace = options.namespace ?? systemNamespace;
  const purge = options.purge ?? false;
  const cluster = await openCluster(io, options);
  const choices = await required(cluster, namespace, purge);
  const count = await objectsOfOurKinds(cluster);
  if (purge && options.yes !== true && options.dryRun !== true) {
    throw new ClrkError(
      'USAGE',
      `--purge deletes ${count} objects of our kinds and all recorded data for good`,
      {
        hint: 'Add --yes if you mean it; without --purge kinds and data stay.',
      },
    );
  }
  const remover = new Remover(cluster, io, options.dryRun ?? false);
  if (purge) await removeDefinitions(remover);
  const objects = [...(await platformObjects(namespace, choices))].toReversed();
  for (const manifest of objects.filter(({ kind }) => purge || !keptKinds.has(kind))) {
    io.interruption().throwIfAborted();
    await remover.remove(manifest);
  }
  if (!purge) reportKept(io, namespace, count);
  return exitCode.ok;
}

function reportKept(io: Io, namespace: string, count: number): void {
  notice(io, `Kept: the kinds with ${count} objects, volumes and credentials in ${namespace}.`);
  if (count > 0)
    notice(io, 'Workers and gateways run on with what they have; `clrk install` takes over again.');
}

export const addUninstall: AddCommand = ({ program, io, setExitCode }) => {
  program
    .command('uninstall')
    .description('Take the platform away; kinds and data stay unless --purge --yes')
    .addHelpText('before', examples('clrk uninstall', 'clrk uninstall --purge --dry-run'))
    .option('--purge', 'also the kinds with every object of them, the volumes and the credentials')
    .option('--yes', 'with --purge: do it')
    .option('--dry-run', 'list, delete nothing')
    .action(async (options: UninstallOptions, self) => {
      setExitCode(await runUninstall(io, { ...clusterFlags(self), ...options }));
    });
};

/** `clrk version`: what this program is and what it talks to. With --client it touches nothing and is instant. */
import packageJson from '../../package.json' with { type: 'json' };
import { ClrkError } from '../../contract/index.ts';
import { usageError } from '../exit-code.ts';
import { printLine, type Io } from '../io.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterFlags } from '../cluster/open-cluster.ts';
import { platformNamespace } from '../cluster/platform-namespace.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface VersionOptions extends ClusterFlags {
  readonly client?: boolean;
  readonly output?: string;
}

interface Versions {
  readonly client: { readonly version: string; readonly node: string };
  readonly server?: { readonly platform: string | null; readonly kubernetes: string };
}

/** A Deployment as far as we read it: the API server's answers are typed by its own schema. */
interface DeploymentImages {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: ReadonlyArray<{ image: string }> } };
  };
}

/** The tag of the installed operator; null when the platform is not there. */
async function platformVersion(cluster: Cluster): Promise<string | null> {
  try {
    const path = `/apis/apps/v1/namespaces/${await platformNamespace(cluster)}/deployments/clrk-operator`;
    const deployment = (await cluster.json({ path })) as DeploymentImages;
    return deployment.spec.template.spec.containers[0]?.image.split(':').at(-1) ?? null;
  } catch (error) {
    if (error instanceof ClrkError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

async function serverVersions(cluster: Cluster): Promise<Versions['server']> {
  const kubernetes = (await cluster.json({ path: '/version' })) as { gitVersion?: string };
  return { platform: await platformVersion(cluster), kubernetes: kubernetes.gitVersion ?? '<unknown>' };
}

function renderVersions(versions: Versions, output: string | undefined): string {
  if (output === 'json') return JSON.stringify(versions, null, 2);
  const lines = [`Client: ${versions.client.version} (Node ${versions.client.node})`];
  if (versions.server !== undefined) {
    lines.push(`Platform: ${versions.server.platform ?? '<not installed>'}`);
    lines.push(`Kubernetes: ${versions.server.kubernetes}`);
  }
  return lines.join('\n');
}

export async function runVersion(io: Io, options: VersionOptions): Promise<void> {
  if (options.output !== undefined && options.output !== 'json') {
    throw usageError(`version has no output format "${options.output}"`, 'There is json.');
  }
  const client = { version: packageJson.version, node: process.versions.node };
  if (options.client === true) return await printLine(io, renderVersions({ client }, options.output));
  const { openCluster } = await import('../cluster/open-cluster.ts');
  const server = await serverVersions(await openCluster(io, options));
  await printLine(
    io,
    renderVersions({ client, ...(server === undefined ? {} : { server }) }, options.output),
  );
}

export const addVersion: AddCommand = ({ program, io }) => {
  program
    .command('version')
    .description('Show the versions of this program, the platform and Kubernetes')
    .addHelpText('before', examples('clrk version', 'clrk version --client -o json'))
    .option('--client', 'only this program; asks no server')
    .option('-o, --output <format>', 'json')
    .action(async (options: VersionOptions, command) => {
      await runVersion(io, { ...clusterFlags(command), ...options });
    });
};

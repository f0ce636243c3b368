/** From flags and environment to a Cluster. The Kubernetes client is loaded here and only here: it takes 0.5 s. */
import { ClrkError, errorMessage } from '../../contract/index.ts';
import type { Io } from '../io.ts';
import { Cluster } from './cluster.ts';
import { developmentRuns } from './development.ts';
import { chooseKubeconfig } from './kubeconfig-choice.ts';

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

function noKubeconfig(path: string, cause: unknown): ClrkError {
  return new ClrkError('KUBECONFIG_INVALID', `cannot use kubeconfig ${path}: ${errorMessage(cause)}`, {
    cause,
    hint: 'Start the development platform with `npm start`, or name a file with --kubeconfig.',
  });
}

export async function openCluster(io: Io, flags: ClusterFlags): Promise<Cluster> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const choice = chooseKubeconfig({
    flag: flags.kubeconfig,
    environment: io.environment,
    homeDirectory: io.homeDirectory,
    developmentRuns,
  });
  const kubeConfig = new KubeConfig();
  for (const [index, path] of choice.paths.entries()) {
    try {
      if (index === 0) kubeConfig.loadFromFile(path);
      else {
        const more = new KubeConfig();
        more.loadFromFile(path);
        kubeConfig.mergeConfig(more, true);
      }
    } catch (cause) {
      throw noKubeconfig(path, cause);
    }
  }
  if (flags.context !== undefined) kubeConfig.setCurrentContext(flags.context);
  const context = kubeConfig.getContextObject(kubeConfig.getCurrentContext());
  if (context === null) {
    const known = kubeConfig.getContexts().map((each) => each.name);
    throw new ClrkError(
      'KUBECONFIG_INVALID',
      `no context "${kubeConfig.getCurrentContext()}" in ${choice.paths.join(', ')}`,
      {
        hint: known.length === 0 ? 'The file names no context.' : `There are: ${known.join(', ')}.`,
      },
    );
  }
  return new Cluster(kubeConfig, flags.namespace ?? context.namespace ?? 'default');
}

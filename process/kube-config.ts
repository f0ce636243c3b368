/** Where the Kubernetes API is and who we are there: the file KUBECONFIG names, else the pod's service account. */
import { KubeConfig } from '@kubernetes/client-node';
import { environment as variable } from '../contract/index.ts';
import type { Environment } from './environment.ts';

export function loadKubeConfig(environment: Environment): KubeConfig {
  const config = new KubeConfig();
  const file = environment[variable.kubeconfig];
  if (file !== undefined && file !== '') config.loadFromFile(file);
  else config.loadFromCluster();
  return config;
}

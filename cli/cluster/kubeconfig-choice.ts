/**
 * Which kubeconfig a command uses: --kubeconfig, then KUBECONFIG, then the development platform's while it runs,
 * then ~/.kube/config. Pure but for two looks at the disk, which are passed in; apart so the order is one table.
 */
import { delimiter, join, resolve } from 'node:path';
import type { Environment } from '../io.ts';

export interface KubeconfigChoice {
  /** Merged in order, as kubectl does with a list in KUBECONFIG. */
  readonly paths: readonly string[];
  readonly because: 'flag' | 'environment' | 'development' | 'default';
}

export interface KubeconfigQuestion {
  readonly flag?: string | undefined;
  readonly environment: Environment;
  readonly homeDirectory: string;
  /** Is the development platform with this home directory up? */
  readonly developmentRuns: (clrkHome: string) => boolean;
}

export function clrkHome(environment: Environment, homeDirectory: string): string {
  const override = environment['CLRK_HOME'] ?? '';
  return override === '' ? join(homeDirectory, '.clrk') : resolve(override);
}

export function chooseKubeconfig(question: KubeconfigQuestion): KubeconfigChoice {
  const { flag, environment, homeDirectory } = question;
  if (flag !== undefined) return { paths: [flag], because: 'flag' };
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return { paths: listed, because: 'environment' };
  const home = clrkHome(environment, homeDirectory);
  if (question.developmentRuns(home)) return { paths: [join(home, 'kubeconfig')], because: 'development' };
  return { paths: [join(homeDirectory, '.kube', 'config')], because: 'default' };
}

/** Order for Argo CD, written onto manifests at synth. Off unless asked for: the same dist/ works without it. */
import type { IResolver, ResolutionContext } from 'cdk8s';
import { group } from './custom-resource.ts';

/** In which wave Argo CD applies what. Lower waves come first, and each waits until the one before is healthy. */
export interface ArgoWaves {
  /**
   * Namespaces and CustomResourceDefinitions.
   *
   * @default -2
   */
  readonly foundations?: number;
  /**
   * Pools, gateways, routes, backends and policies.
   *
   * @default 0, which Argo CD takes without an annotation
   */
  readonly platform?: number;
  /**
   * Agents.
   *
   * @default 1
   */
  readonly agents?: number;
}

const waveAnnotation = 'argocd.argoproj.io/sync-wave';

/**
 * Order for GitOps tools.
 *
 * @example
 * ```ts
 * import { App } from 'cdk8s';
 * import { AgentStack, GitOps } from '@clrk/constructs';
 *
 * const app = new App({ resolvers: [GitOps.argo()] });
 * new AgentStack(app, 'triage', { image: 'ghcr.io/acme/triage:1.0.0', hosts: ['api.github.com'] });
 * app.synth();
 * ```
 */
export class GitOps {
  private constructor() {
    throw new Error('use GitOps.argo()');
  }

  /**
   * A resolver for `new App({ resolvers })` that writes Argo CD's sync waves onto all objects of the app. An annotation
   * that an object has already is kept.
   *
   * @example
   * ```ts
   * new App({ resolvers: [GitOps.argo({ agents: 5 })] });
   * ```
   */
  static argo({ foundations = -2, platform = 0, agents = 1 }: ArgoWaves = {}): IResolver {
    for (const wave of [foundations, platform, agents]) {
      if (!Number.isInteger(wave)) throw new Error(`a wave is a whole number, not ${wave}`);
    }
    const waveOf = (apiGroup: string, kind: string): number | undefined => {
      if (kind === 'Namespace' || kind === 'CustomResourceDefinition') return foundations;
      if (apiGroup !== group) return undefined;
      return kind === 'TaskAgent' || kind === 'DaemonAgent' ? agents : platform;
    };
    return {
      resolve: (context: ResolutionContext): void => {
        if (context.key.join('.') !== 'metadata') return;
        const wave = waveOf(context.obj.apiGroup, context.obj.kind);
        const { annotations = {}, ...metadata } = context.value as Metadata;
        // 0 is what an object without the annotation has; replacing a value resolves it again.
        if (wave === undefined || wave === 0 || waveAnnotation in annotations) return;
        context.replaceValue({ ...metadata, annotations: { ...annotations, [waveAnnotation]: `${wave}` } });
      },
    };
  }
}

interface Metadata {
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An EgressDenyPolicy: what its target routes name is denied, whatever other routes open. */
import type { Construct } from 'constructs';
import type { EgressDenyPolicySpec } from '../api/index.ts';
import { present, refuse, type ResourceProps } from './custom-resource.ts';
import { EgressRoute, type EgressRouteKind, type IEgressRoute } from './egress-route.ts';
import { Policy } from './policy.ts';

/** Properties of an EgressDenyPolicy. */
export interface EgressDenyPolicyProps extends ResourceProps {
  /**
   * Routes whose destinations and calls are denied; more with addTarget.
   *
   * @default none yet
   */
  readonly targets?: readonly IEgressRoute[];
  /**
   * Status of the answer HTTP callers get, 400 to 599.
   *
   * @default 403
   */
  readonly statusCode?: number;
  /**
   * What the answer says: one line.
   *
   * @default a message of the platform
   */
  readonly message?: string;
}

/**
 * Denies what its target routes name, whatever other routes open. The `deny…` methods of a gateway make the routes and the
 * policy; write it yourself for an answer of your own.
 *
 * @example
 * ```ts
 * const uploads = new EgressL4Route(chart, 'uploads', {
 *   gateways: [gateway],
 *   matches: [{ hosts: ['uploads.example.com'] }],
 * });
 * new EgressDenyPolicy(chart, 'no-uploads', { targets: [uploads], message: 'uploads are closed' });
 * ```
 */
export class EgressDenyPolicy extends Policy<EgressRouteKind> {
  readonly #props: EgressDenyPolicyProps;

  constructor(scope: Construct, id: string, props: EgressDenyPolicyProps = {}) {
    super(scope, id, 'EgressDenyPolicy', props);
    this.#props = props;
    const { statusCode = 403, message } = props;
    if (!Number.isInteger(statusCode) || statusCode < 400 || statusCode > 599) {
      refuse(this, `statusCode ${statusCode} is not 400 to 599`);
    }
    if (message !== undefined && !/^[^\x00-\x1f\x7f]{1,1024}$/.test(message)) {
      refuse(this, 'message must be one line of at most 1024 characters');
    }
    for (const target of props.targets ?? []) this.addTarget(target);
  }

  /**
   * One more route. All it names is denied, so it must be one that names what is to be denied and nothing else.
   *
   * @example
   * ```ts
   * gateway.allowProvider('openai', { credential: Credential.bearer({ name: 'openai' }) });
   * const admin = new AIProviderRoute(chart, 'admin', {
   *   gateways: [gateway],
   *   rules: [{ matches: [{ provider: 'openai', endpoints: ['/v1/organization/*'] }] }],
   * });
   * new EgressDenyPolicy(chart, 'no-admin').addTarget(admin);
   * ```
   */
  addTarget(route: IEgressRoute): void {
    const method = route instanceof EgressRoute ? route.openedBy : undefined;
    if (method !== undefined) {
      const instead = 'use denyProvider, denyTools, denyHttp, denyHosts or denyCidrs of the gateway';
      refuse(
        this,
        `${route.routeKind} "${route.name}" is all that ${method} opened, and would be shut; ${instead}`,
      );
    }
    this.attach({ target: route, kind: route.routeKind });
  }

  /** @internal */
  protected override specFor(targetRefs: EgressDenyPolicySpec['targetRefs']): EgressDenyPolicySpec {
    const { statusCode, message } = this.#props;
    // Written out although it is the default: a reviewer sees what callers get.
    const denyResponse = present({ statusCode: statusCode ?? 403, message });
    return { targetRefs, denyResponse };
  }
}

/** Parts of an EgressGateway's spec, of what was said where it was made. Pure. */
import type { EgressGatewaySpec } from '../api/index.ts';
import { problemOfReplicas } from './autoscaler.ts';
import { present } from './custom-resource.ts';
import { durationText } from './duration-text.ts';
import type { EgressGatewayProps } from './egress-gateway-props.ts';
import { otlpSpec, problemOfTelemetry, type OtlpExport } from './egress-telemetry.ts';

/**
 * What the API server would refuse.
 *
 * @internal
 */
export function problemOfProps(props: EgressGatewayProps): string | undefined {
  return (
    problemOfTelemetry(props.otlp, props.captureBody) ?? unlistedProblem(props) ?? problemOfReplicas(props)
  );
}

function unlistedProblem({ onUnlisted, defaultPolicy, enforcement }: EgressGatewayProps): string | undefined {
  if (onUnlisted !== 'Ask' || (defaultPolicy !== 'allow-all' && enforcement !== 'Audit')) return undefined;
  return 'onUnlisted Ask needs defaultPolicy deny-all and enforcement Enforce: the others let pass what it would ask about';
}

function upstreamTlsSpec({
  additionalTrustBundle,
  hostAliases,
}: EgressGatewayProps): EgressGatewaySpec['upstreamTLS'] {
  const spec = present({
    additionalTrustBundleSecretRef: additionalTrustBundle && { name: additionalTrustBundle.name },
    hostAliases: hostAliases?.map(({ ip, hostnames }) => ({ ip, hostnames: [...hostnames] })),
  });
  return Object.keys(spec).length > 0 ? spec : undefined;
}

function resourcesSpec({ resources }: EgressGatewayProps): EgressGatewaySpec['resources'] {
  if (resources === undefined) return undefined;
  const { requests, limits } = resources;
  return present({
    requests: requests && { ...present(requests) },
    limits: limits && { ...present(limits) },
  });
}

/** @internal */
export function gatewaySpec(
  props: EgressGatewayProps,
  listeners: EgressGatewaySpec['listeners'],
  sinks: ReadonlyMap<string, OtlpExport>,
): EgressGatewaySpec {
  const { defaultPolicy = 'deny-all', enforcement, onUnlisted, lookupFamily } = props;
  const { otlp, captureBody, requestTimeout, replicas } = props;
  return present({
    ...{ defaultPolicy, enforcement, onUnlisted, listeners, replicas },
    otlp: otlpSpec({ otlp, captureBody, sinks }),
    dns: lookupFamily === undefined ? undefined : { lookupFamily },
    upstreamTLS: upstreamTlsSpec(props),
    resources: resourcesSpec(props),
    requestTimeout: requestTimeout && durationText(requestTimeout),
  });
}

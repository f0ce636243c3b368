/** A HorizontalPodAutoscaler of an object of ours that has the scale subresource. Pure but for the object it adds. */
import { ApiObject } from 'cdk8s';
import { apiVersion, type CustomResource } from './custom-resource.ts';

/** Between which bounds, and by what. */
export interface AutoscaleOptions {
  /**
   * The fewest pods.
   *
   * @default 2, so that one may go
   */
  readonly min?: number;
  /** The most pods. */
  readonly max: number;
  /**
   * Percent of the CPU that its pods request, on average: above it pods are added.
   *
   * @default 70
   */
  readonly cpuPercent?: number;
}

// The CRD's own bound.
const maxReplicas = 100;

function problemOfBounds({ min = 2, max, cpuPercent = 70 }: AutoscaleOptions): string | undefined {
  const areWhole = [min, max, cpuPercent].every(Number.isInteger);
  if (!areWhole || min < 1 || max < min || max > maxReplicas) {
    return `autoscale from ${min} to ${max}: whole numbers with 1 <= min <= max <= ${maxReplicas}`;
  }
  return cpuPercent < 1 || cpuPercent > 1_000 ? `autoscale at ${cpuPercent} % CPU: 1 to 1000` : undefined;
}

/** @internal */
export function problemOfReplicas(asked: {
  readonly replicas?: number;
  readonly autoscale?: AutoscaleOptions;
}): string | undefined {
  const { replicas, autoscale } = asked;
  if (autoscale !== undefined && replicas !== undefined) {
    return 'has replicas and autoscale: leave replicas out, the autoscaler sets them';
  }
  if (autoscale !== undefined) return problemOfBounds(autoscale);
  if (replicas === undefined || (Number.isInteger(replicas) && replicas >= 0 && replicas <= maxReplicas)) {
    return undefined;
  }
  return `replicas ${replicas} must be a whole number from 0 to ${maxReplicas}`;
}

/** @internal */
export function addAutoscaler(
  of: CustomResource,
  kind: string,
  { min = 2, max, cpuPercent = 70 }: AutoscaleOptions,
): void {
  new ApiObject(of, 'autoscaler', {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: of.name, ...(of.namespace === undefined ? {} : { namespace: of.namespace }) },
    spec: {
      scaleTargetRef: { apiVersion, kind, name: of.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpuPercent } },
        },
      ],
    },
  });
}

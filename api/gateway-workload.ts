/** How an EgressGateway runs: what its container may use, and how many of its pods there are. */
import { Type } from 'typebox';
import { integer, quantityMap, record } from './field.ts';

export const gatewayWorkload = {
  resources: Type.Optional(
    record(
      'resources are those of the container of the gateway. One process serves for each whole CPU of limits.cpu, no more than its node has; unset means one process, 100m CPU and 192Mi reserved, 1Gi memory at most.',
      {
        limits: Type.Optional(
          quantityMap(
            'limits are the most it may use; memory of which requests say nothing either means 1Gi a process, CPU unset means unlimited.',
          ),
        ),
        requests: Type.Optional(
          quantityMap(
            'requests are what is reserved for it; unset means the limits, or the defaults where there are none.',
          ),
        ),
      },
    ),
  ),
  replicas: Type.Optional(
    integer(
      'replicas is the number of pods; budgets and limits are counted over all of them, connections and bodies that are held in each; unset means 1. Leave it out where a HorizontalPodAutoscaler sets it.',
      { max: 100, default: 1 },
    ),
  ),
};

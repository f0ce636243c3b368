/** FallbackRoutingPolicy: the Backends of a route are tried in the order they are listed, not by weight. */
import { Type, type Static } from 'typebox';
import { duration, integer, list, record } from './field.ts';
import { policyStatus, policyTargetRef, policyTargetRefs } from './policy-target.ts';
import { columns, type KindDefinition, type Resource } from './resource.ts';

const spec = record('spec is the policy as it should be.', {
  targetRefs: policyTargetRefs(policyTargetRef(['AIProviderRoute'])),
  retry: Type.Optional(
    record('retry is when the next Backend is tried; unset means the defaults.', {
      numRetries: Type.Optional(
        integer('numRetries is how many more Backends are tried; unset means all that are left, at most 5.', {
          max: 5,
        }),
      ),
      retriableStatusCodes: Type.Optional(
        list(
          'retriableStatusCodes are answers the next Backend is tried after; unset means 429 and 503.',
          integer('One status code.', { min: 400, max: 599 }),
          { max: 32 },
        ),
      ),
      perTryTimeout: Type.Optional(
        duration(
          'perTryTimeout is how long one try may take; unset means no limit of its own.',
          'perTryTimeout',
        ),
      ),
    }),
  ),
  ejection: Type.Optional(
    record('ejection is when a failing Backend is left out for a while; unset means the defaults.', {
      maxEjectionTime: Type.Optional(
        duration('maxEjectionTime is the longest it is left out; unset means 300s.', 'maxEjectionTime'),
      ),
    }),
  ),
});

const status = policyStatus();

export type FallbackRoutingPolicySpec = Static<typeof spec>;
export type FallbackRoutingPolicyStatus = Static<typeof status>;
export type FallbackRoutingPolicy = Resource<FallbackRoutingPolicySpec, FallbackRoutingPolicyStatus>;

export const fallbackRoutingPolicy: KindDefinition = {
  kind: 'FallbackRoutingPolicy',
  plural: 'fallbackroutingpolicies',
  shortName: 'frp',
  description: 'FallbackRoutingPolicy tries the Backends of a route in order until one answers.',
  spec,
  status,
  columns: columns(
    [{ name: 'Applies To', type: 'string', jsonPath: '.spec.targetRefs[*].name' }],
    [{ name: 'Retries', type: 'integer', jsonPath: '.spec.retry.numRetries' }],
  ),
};

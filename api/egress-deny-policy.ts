/** EgressDenyPolicy: what its target routes name is denied, whatever other routes open. */
import { Type, type Static } from 'typebox';
import { integer, record, text } from './field.ts';
import { policyStatus, policyTargetRef, policyTargetRefs } from './policy-target.ts';
import { columns, type KindDefinition, type Resource } from './resource.ts';

const spec = record('spec is the policy as it should be.', {
  targetRefs: policyTargetRefs(
    policyTargetRef(['AIProviderRoute', 'MCPRoute', 'EgressL4Route', 'EgressHTTPRoute']),
  ),
  denyResponse: Type.Optional(
    record('denyResponse is what HTTP callers are answered; unset means 403 and a message of the platform.', {
      statusCode: Type.Optional(
        integer('statusCode is the status of the answer; unset means 403.', {
          min: 400,
          max: 599,
          default: 403,
        }),
      ),
      message: Type.Optional(
        text('message is what the answer says; unset means a message of the platform.', {
          max: 1_024,
          rules: [
            {
              rule: "!self.matches('[\\\\x00-\\\\x1f\\\\x7f]')",
              message: 'denyResponse.message is one line of text: remove line breaks and control characters',
            },
          ],
        }),
      ),
    }),
  ),
});

const status = policyStatus();

export type EgressDenyPolicySpec = Static<typeof spec>;
export type EgressDenyPolicyStatus = Static<typeof status>;
export type EgressDenyPolicy = Resource<EgressDenyPolicySpec, EgressDenyPolicyStatus>;

export const egressDenyPolicy: KindDefinition = {
  kind: 'EgressDenyPolicy',
  plural: 'egressdenypolicies',
  shortName: 'edp',
  description: 'EgressDenyPolicy denies what its target routes name, whatever other routes open.',
  spec,
  status,
  columns: columns(
    [{ name: 'Applies To', type: 'string', jsonPath: '.spec.targetRefs[*].name' }],
    [{ name: 'Answer', type: 'integer', jsonPath: '.spec.denyResponse.statusCode' }],
  ),
};

/**
 * Who decided about an Approval is who the API server says it was. Part of the platform, not of the admission policies one may
 * leave out: a record that names a person would be worth nothing where anybody may write another's name.
 */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { labels } from './system-names.ts';

const name = 'clrk-approval-decider';
const apiVersion = 'admissionregistration.k8s.io/v1';

export function addDeciderPolicy(scope: Construct): void {
  const metadata = { name, labels: { [labels.partOf]: 'clrk' } };
  new ApiObject(scope, name, {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['clrk.apoxy.dev'],
            apiVersions: ['v1alpha1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['approvals'],
          },
        ],
      },
      validations: [
        {
          expression: "request.operation == 'UPDATE' || !has(object.spec.decision)",
          message: 'an Approval is made without a decision; only a person who looked at it decides',
          reason: 'Invalid',
        },
        {
          expression:
            "request.operation != 'UPDATE' || has(oldObject.spec.decision) || !has(object.spec.decision) || object.spec.decision.decidedBy == request.userInfo.username",
          message: 'decidedBy must be the user who decides',
          messageExpression: "'decidedBy must be the user who decides: ' + request.userInfo.username",
          reason: 'Invalid',
        },
      ],
    },
  });
  new ApiObject(scope, `${name}-binding`, {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: name, validationActions: ['Deny'] },
  });
}

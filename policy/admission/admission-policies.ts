/**
 * The rules of `clrk validate` that one object is enough to judge, as ValidatingAdmissionPolicies: the same id, the same
 * words, for whoever goes round git. An error denies, anything less warns. What the CRDs' own CEL refuses is not
 * repeated here. A namespace is left alone when its owner labels it so: that is the waiver at admission.
 */
import { apiGroup, apiVersionName } from '../../api/index.ts';
import type { Severity } from '../finding.ts';
import type { Rule } from '../rule.ts';

/** On a namespace, with the value `off`: these policies do not judge what is in it. */
export const admissionLabel = `${apiGroup}/admission`;

const apiVersion = 'admissionregistration.k8s.io/v1';
const labels = { 'app.kubernetes.io/part-of': 'clrk' };
const actions: Readonly<Record<Severity, readonly string[]>> = {
  error: ['Deny'],
  warn: ['Warn'],
  info: ['Audit'],
};

export interface AdmissionObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: object;
}

function policyOf(rule: Rule, checks: NonNullable<Rule['admission']>): AdmissionObject[] {
  const name = `clrk-${rule.id}`;
  const resources = [...new Set(checks.flatMap((check) => check.resources))].sort();
  const policy = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, labels },
    spec: {
      // Fail closed: an expression that cannot be evaluated lets nothing in.
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [apiGroup],
            apiVersions: [apiVersionName],
            operations: ['CREATE', 'UPDATE'],
            resources,
          },
        ],
      },
      validations: checks.map(({ resources: only, expression, message }) => ({
        expression:
          only.length === resources.length
            ? expression
            : `!(request.resource.resource in ${JSON.stringify(only)}) || (${expression})`,
        message: `${rule.id}: ${message}`,
        reason: 'Invalid',
      })),
    },
  };
  const binding = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name, labels },
    spec: {
      policyName: name,
      validationActions: rule.alwaysDenies === true ? actions.error : actions[rule.severity],
      matchResources: {
        namespaceSelector: {
          matchExpressions: [{ key: admissionLabel, operator: 'NotIn', values: ['off'] }],
        },
      },
    },
  };
  return [policy, binding];
}

/** In the order of their ids: the same bytes every time. */
export function admissionPolicies(rules: readonly Rule[]): AdmissionObject[] {
  return [...rules]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((rule) => (rule.admission === undefined ? [] : policyOf(rule, rule.admission)));
}

/**
 * The rules of `clrk validate` at admission, for clusters where not everything comes through git. Apart from the
 * platform because refusing what used to be applied is the cluster owner's decision: `kubectl apply -k dist/admission`.
 */
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { admissionPolicies, rules } from '../policy/index.ts';

export class AdmissionChart extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    for (const object of admissionPolicies(rules)) {
      new ApiObject(this, `${object.kind}-${object.metadata.name}`, { ...object });
    }
  }
}

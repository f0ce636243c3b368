/** An Invocation for tests of what shows them. */
import type { Invocation } from '../../contract/index.ts';

export const invocationId = '3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11';

export function invocationFixture(status: Invocation['status'], id: string = invocationId): Invocation {
  return {
    apiVersion: 'telemetry.clrk.apoxy.dev/v1alpha1',
    kind: 'Invocation',
    metadata: { name: id, uid: id, namespace: 'default', creationTimestamp: '2026-11-23T10:00:00Z' },
    spec: {
      parentRef: { kind: 'TaskAgent', name: 'hello', uid: 'u-1' },
      trigger: { type: 'HTTP', source: 'ingress' },
      identity: { audiences: [] },
    },
    status,
  };
}

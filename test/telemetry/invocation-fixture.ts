/** An invocation of the agent shop/hello, as a process would publish it. */
import type { Invocation } from '../../contract/index.ts';

export function invocation(id: string, status: Invocation['status']): Invocation {
  return {
    apiVersion: 'telemetry.clrk.apoxy.dev/v1alpha1',
    kind: 'Invocation',
    metadata: { name: id, uid: id, namespace: 'shop', creationTimestamp: new Date().toISOString() },
    spec: {
      parentRef: { kind: 'TaskAgent', name: 'hello', uid: 'u1' },
      trigger: { type: 'HTTP', source: '' },
      identity: { audiences: [] },
    },
    status,
  };
}

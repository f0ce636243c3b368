/**
 * An Invocation as Kubernetes clients expect an object: a version to watch from, an owner, labels to select by. Pure. What
 * was recorded is not touched.
 */
import type { Invocation } from '../../contract/index.ts';
import { agentGroupVersion } from './group.ts';

export const agentLabel = 'clrk.apoxy.dev/agent';
export const agentKindLabel = 'clrk.apoxy.dev/agent-kind';
const maxLabelChars = 63;

export interface InvocationObject extends Record<string, unknown> {
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** `version`: the number by which what was said became visible. */
export function invocationObject(object: unknown, version: string): InvocationObject {
  const invocation = object as Invocation;
  const { kind, name, uid } = invocation.spec.parentRef;
  return {
    ...invocation,
    metadata: {
      ...invocation.metadata,
      resourceVersion: version,
      labels: {
        // A longer name is no label's value: such an agent is selected by its field.
        ...(name.length > maxLabelChars ? {} : { [agentLabel]: name }),
        [agentKindLabel]: kind,
      },
      ownerReferences: [{ apiVersion: agentGroupVersion, kind, name, uid }],
    },
  };
}

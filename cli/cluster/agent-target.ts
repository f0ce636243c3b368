/** `NAME`, `NAME/INVOCATION`, `ta/NAME` or `da/NAME`: what logs, traces, contain and run-task are told. Pure. */
import { isInvocationId, type AgentKind } from '../../contract/index.ts';
import { usageError } from '../exit-code.ts';

export interface AgentTarget {
  /** A name alone is a TaskAgent's. */
  readonly kind: AgentKind;
  readonly name: string;
  readonly invocation: string | undefined;
}

const kindWords: Readonly<Record<string, AgentKind>> = {
  ...{ taskagent: 'TaskAgent', taskagents: 'TaskAgent', ta: 'TaskAgent' },
  ...{ daemonagent: 'DaemonAgent', daemonagents: 'DaemonAgent', da: 'DaemonAgent' },
};
// RFC 1123 subdomain, as the API server validates names.
const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** The word for a kind before the name, if there is one. */
function kindOf(parts: readonly string[]): AgentKind | undefined {
  const word = parts[0]?.toLowerCase() ?? '';
  return parts.length > 1 && Object.hasOwn(kindWords, word) ? kindWords[word] : undefined;
}

export function parseAgentTarget(text: string): AgentTarget {
  const parts = text.split('/');
  const kind = kindOf(parts);
  if (kind !== undefined) parts.shift();
  const [name = '', invocation, ...more] = parts;
  if (!objectName.test(name) || more.length > 0) {
    throw usageError(
      `"${text}" is not NAME or NAME/INVOCATION`,
      'For example: hello, hello/3f0c2a52-…, or da/watcher for a DaemonAgent.',
    );
  }
  if (invocation !== undefined && !isInvocationId(invocation)) {
    throw usageError(`"${invocation}" is not an invocation id`, 'List them with `clrk get invocations`.');
  }
  return { kind: kind ?? 'TaskAgent', name, invocation };
}

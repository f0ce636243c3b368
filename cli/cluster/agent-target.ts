/** `NAME`, `NAME/INVOCATION`, `taskagent/NAME` or `ta/NAME`: what logs, traces and run-task are told. Pure. */
import { isInvocationId } from '../../contract/index.ts';
import { usageError } from '../exit-code.ts';

export interface AgentTarget {
  readonly name: string;
  readonly invocation: string | undefined;
}

const kindWords = new Set(['taskagent', 'taskagents', 'ta']);
// RFC 1123 subdomain, as the API server validates names.
const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

export function parseAgentTarget(text: string): AgentTarget {
  const parts = text.split('/');
  if (parts.length > 1 && kindWords.has(parts[0]?.toLowerCase() ?? '')) parts.shift();
  const [name = '', invocation, ...more] = parts;
  if (!objectName.test(name) || more.length > 0) {
    throw usageError(`"${text}" is not NAME or NAME/INVOCATION`, 'For example: hello, or hello/3f0c2a52-….');
  }
  if (invocation !== undefined && !isInvocationId(invocation)) {
    throw usageError(`"${invocation}" is not an invocation id`, 'List them with `clrk get invocations`.');
  }
  return { name, invocation };
}

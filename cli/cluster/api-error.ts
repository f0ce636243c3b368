/** What the API server's refusals mean to a person: Status objects and socket errors as ClrkErrors. Pure. */
import { ClrkError, errorMessage } from '../../contract/index.ts';

interface Verdict {
  readonly code: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

const byStatus: Readonly<Record<number, Verdict>> = {
  400: { code: 'BAD_REQUEST' },
  401: { code: 'UNAUTHORIZED', hint: 'Check the user of the current kubeconfig context.' },
  403: { code: 'DENIED' },
  404: { code: 'NOT_FOUND' },
  408: { code: 'TIMEOUT', retryable: true },
  409: { code: 'CONFLICT', hint: 'Another field manager owns a field; --force-conflicts takes it over.' },
  413: { code: 'TOO_LARGE' },
  422: { code: 'INVALID' },
  429: { code: 'BUSY', retryable: true, hint: 'The API server is busy; try again in a moment.' },
  503: {
    code: 'UNAVAILABLE',
    retryable: true,
    hint: 'Is the platform up? `clrk dev status`, or look at the pods of clrk-system.',
  },
  504: { code: 'TIMEOUT', retryable: true },
};

/** Which role has the right that is missing, by what was asked for. */
const roles: ReadonlyArray<readonly [what: RegExp, role: string]> = [
  [/\binvoke\b.*telemetry\.clrk/, 'the ClusterRole clrk-invoker'],
  [/(?:telemetry|metrics)\.clrk\.apoxy\.dev/, 'the ClusterRole clrk-viewer'],
  [/\bapprovals\b.*clrk\.apoxy\.dev/, 'the ClusterRole clrk-approver, or clrk-view to read,'],
  [/clrk\.apoxy\.dev/, 'the ClusterRole clrk-view, or clrk-edit to change,'],
];

/** It need not be the namespace somebody asked in: calls go through the platform's. */
function whereOf(message: string): string {
  if (message.includes('at the cluster scope')) return 'for the whole cluster';
  const [, namespace] = / in the namespace "([a-z0-9-]+)"/.exec(message) ?? [];
  return namespace === undefined ? 'in this namespace' : `in namespace ${namespace}`;
}

export function deniedHint(message: string): string {
  const role = roles.find(([what]) => what.test(message))?.[1] ?? 'this right';
  return `Ask for ${role} ${whereOf(message)}, or pick another context.`;
}

/** The message of a metav1.Status, or the start of whatever text came. */
function messageOf(body: string): string {
  try {
    const status = JSON.parse(body) as { message?: unknown };
    if (typeof status.message === 'string') return status.message;
  } catch {
    // Not JSON: a proxy or a Service answered.
  }
  return body.trim().split('\n')[0]?.slice(0, 300) ?? '';
}

export function apiError(status: number, body: string): ClrkError {
  const verdict = byStatus[status] ?? { code: status >= 500 ? 'SERVER_ERROR' : 'REQUEST_REFUSED' };
  const message = messageOf(body);
  const hint = status === 403 ? deniedHint(message) : verdict.hint;
  return new ClrkError(verdict.code, message === '' ? `the API server answered HTTP ${status}` : message, {
    ...(hint === undefined ? {} : { hint }),
    retryable: verdict.retryable ?? false,
  });
}

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);

/** A request that got no answer. */
export function connectionError(server: string, cause: unknown): ClrkError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  const hint = unreachable.has(code)
    ? 'Start the development platform with `npm start`, or name a cluster with --kubeconfig or --context.'
    : undefined;
  return new ClrkError(
    'CLUSTER_UNREACHABLE',
    `cannot reach the API server at ${server}: ${code || errorMessage(cause)}`,
    {
      cause,
      retryable: true,
      ...(hint === undefined ? {} : { hint }),
    },
  );
}
